# One image for every role: web server, workers, migrations. It runs as a user without rights, on a read-only root:
# what changes lies in /data (a volume) and /tmp (in memory).
FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check sentry-sdk==2.75.0

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 invoices \
    && useradd --system --uid 10001 --gid invoices --no-create-home --home-dir /data invoices \
    && install --directory --owner invoices --group invoices --mode 700 /data
COPY --from=packages /venv /app/.venv
WORKDIR /app
COPY manage.py pyproject.toml ./
COPY invoicedata invoicedata
COPY invoices invoices
COPY ocr ocr
COPY pims pims
COPY templates templates
COPY static static
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    STATIC_DIR=/app/collected \
    RUN_DIR=/tmp/run \
    HOST=0.0.0.0 \
    PORT=8000
RUN python -m compileall -q invoicedata invoices ocr pims \
    && DATA_DIR=/tmp/build SECRET_KEY=build ENCRYPTION_KEYS=build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# tini reaps what the workers leave behind; `serve` ends with all that it started.
ENTRYPOINT ["tini", "--", "python", "manage.py"]
CMD ["serve"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "manage.py", "healthcheck"]
