# The service alone, without the tools that built it. Runs as nobody in particular, on a root file system that it never writes.
FROM python:3.11.14-slim-bookworm AS build
ENV UV_PROJECT_ENVIRONMENT=/app UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /build
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE NOTICE ./
RUN uv sync --frozen --no-dev --no-cache --no-install-project
COPY cds cds
COPY rules rules
COPY profiles profiles
RUN uv sync --frozen --no-dev --no-cache --no-editable

FROM python:3.11.14-slim-bookworm
COPY --from=build /app /app
RUN install -d -o 10001 -g 10001 -m 700 /state
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 CDS_HOST=0.0.0.0 CDS_STATE_FOLDER=/state
USER 10001:10001
VOLUME /state
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]
ENTRYPOINT ["cds"]
CMD ["serve"]
