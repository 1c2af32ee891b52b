"""One file a helpdesk, behind the port in `ticket_client.base`."""
