"""What the program is run by where it is served: the image, compose, systemd."""
