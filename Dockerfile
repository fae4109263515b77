# `tools`: the scones command line, and the inbox of docker-compose.yml. `site`: that and Django.
ARG BASE_IMAGE=python:3.13-slim-trixie

FROM ${BASE_IMAGE} AS build
COPY requirements/bootstrap.txt /build/requirements/
RUN python3 -m venv /build/uv \
    && /build/uv/bin/pip install --quiet --no-cache-dir --require-hashes -r /build/requirements/bootstrap.txt \
    && python3 -m venv --without-pip /opt/scones
ENV UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 UV_PYTHON=/opt/scones/bin/python
COPY requirements/images/tools.txt /build/requirements/
RUN /build/uv/bin/uv pip sync --quiet --require-hashes /build/requirements/tools.txt
# A checkout, not a wheel: the state machines and the stack lie beside the package.
WORKDIR /opt/checkout
COPY pyproject.toml README.md LICENSE ./
COPY api api
COPY asl asl
COPY cloudformation cloudformation
COPY src src
RUN /build/uv/bin/uv pip install --quiet --no-deps --editable .

FROM build AS build-site
COPY requirements/images/web.txt /build/requirements/
RUN /build/uv/bin/uv pip install --quiet --require-hashes --target /opt/site \
    -r /build/requirements/web.txt

FROM ${BASE_IMAGE} AS tools
RUN useradd --create-home --uid 1000 scones && install -d -o scones -g scones /state
COPY --from=build /opt/scones /opt/scones
COPY --from=build /opt/checkout /opt/checkout
ENV PATH=/opt/scones/bin:${PATH} PYTHONUNBUFFERED=1 SCONES_STATE_DIR=/state
USER scones
WORKDIR /home/scones
VOLUME /state
ENTRYPOINT ["scones"]
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="scones/tools" \
      org.opencontainers.image.description="The scones command line" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM tools AS site
COPY --from=build-site /opt/site /opt/site
ENV PYTHONPATH=/opt/site
EXPOSE 8000
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="scones/site" \
      org.opencontainers.image.description="The web site"
