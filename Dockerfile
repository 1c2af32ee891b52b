# The bot as an image. `docker build -t firstline .`, and docs/operations.md for how it is run.
#
# The base moves within its minor version and its Debian release, so that building again brings their security fixes;
# what is installed from PyPI is held by requirements.lock, with hashes.
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/firstline
WORKDIR /src
COPY requirements.lock ./
RUN /opt/firstline/bin/python -m pip install --quiet --require-hashes --requirement requirements.lock
COPY . ./
# Compiled here, for nothing is written there; the installer has no work in a running bot.
RUN /opt/firstline/bin/python -m pip install --quiet --no-deps --no-build-isolation . \
 && /opt/firstline/bin/python -m pip uninstall --quiet --yes editables hatchling pip

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="firstline" \
      org.opencontainers.image.description="The first line of support on every channel" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 firstline \
 && useradd --system --uid 10001 --gid firstline --home-dir /var/lib/firstline --shell /usr/sbin/nologin firstline \
 && install --directory --owner=firstline --group=firstline --mode=0700 /var/lib/firstline
COPY --from=builder /opt/firstline /opt/firstline
# The environment goes before the file: whatever firstline.toml says, the container listens where its port is.
ENV PATH=/opt/firstline/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FIRSTLINE_DATA_DIR=/var/lib/firstline \
    FIRSTLINE_LOG__FORMAT=json \
    FIRSTLINE_WEB__HOST=0.0.0.0 \
    FIRSTLINE_WEB__PORT=8080
# By number: who forbids root in a container can only then see that it is none.
USER 10001:10001
WORKDIR /var/lib/firstline
VOLUME ["/var/lib/firstline"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["firstline"]
CMD ["run"]
