# One image for web, worker and beat; what it does is chosen by its command (see compose.yaml).
FROM python:3.12-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/run.txt /build/run.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --only-binary :all: --require-hashes -r /build/run.txt

FROM node:24-bookworm-slim AS decoder
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.12-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends fonts-hanazono \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /srv/app --shell /usr/sbin/nologin app \
 && install -d -o app -g app -m 0700 /srv/data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/app
COPY wsgi.py celery_worker.py ./
COPY migrations migrations
COPY chengjiu_mp chengjiu_mp
COPY --from=decoder /build/node_modules/zxing-wasm/dist/iife/reader/index.js chengjiu_mp/web/static/vendor/zxing-reader-3.1.4.js
COPY --from=decoder /build/node_modules/zxing-wasm/dist/reader/zxing_reader.wasm chengjiu_mp/web/static/vendor/zxing_reader-3.1.4.wasm
# Compiled once here: the files belong to root, so a running process could not keep what it compiles.
RUN /opt/venv/bin/python -m compileall -q chengjiu_mp migrations wsgi.py celery_worker.py
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONUTF8=1 \
    CHENGJIU_ENV=production \
    CHENGJIU_DATA_DIR=/srv/data \
    FLASK_APP=wsgi:app
USER app
VOLUME /srv/data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "--workers", "2", "--blocking-threads", "8", "--respawn-failed-workers", "--workers-kill-timeout", "8", "--log-level", "warning", "wsgi:app"]
