# The gate, as `docker build .` makes it, and the parts of the demo (`--target demo`).
# Base images are pinned by exact tag: no digest was known where this was written (docs/compose.md).

FROM python:3.11.7-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/narrowgate
COPY requirements/serve.txt ./requirements/
RUN /opt/narrowgate/bin/python -m pip install --quiet --require-hashes -r requirements/serve.txt
COPY pyproject.toml README.md LICENSE ./
COPY authz ./authz
RUN /opt/narrowgate/bin/python -m pip install --quiet --no-deps .

FROM python:3.11.7-slim-bookworm AS gate
COPY --from=build /opt/narrowgate /opt/narrowgate
ENV PATH=/opt/narrowgate/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# A volume begins with the owner of the folder that it covers.
RUN mkdir -p /etc/narrowgate && chown 65532:65532 /etc/narrowgate
USER 65532:65532
EXPOSE 9001 9002
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9002/readyz', timeout=2)"]
ENTRYPOINT ["python", "-m", "authz"]
CMD ["serve", "/etc/narrowgate", "--http", "0.0.0.0:9002"]

FROM gate AS demo
USER 0:0
WORKDIR /app
COPY requirements/compose.txt ./
RUN python -m pip install --quiet --require-hashes -r compose.txt
COPY examples ./examples
RUN mkdir -p /demo/agents /demo/docs /demo/envoy /demo/gate /demo/issuer /demo/search \
  && chown -R 65532:65532 /demo
USER 65532:65532
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "examples.compose"]
CMD ["prepare", "/demo"]

# What is built when no target is named.
FROM gate AS narrowgate
