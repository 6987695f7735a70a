# Triton with the models' Python and the weights, each checked by SHA-256 as on one machine. Holds nothing of the product.
# The models' Python from its own lock, for the Python of the last stage. pocketsphinx alone has no wheel for it.
FROM python:3.12-slim-bookworm AS models
RUN apt-get update && apt-get install --yes --no-install-recommends cmake gcc g++ ninja-build && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/models
COPY deploy/compose/triton/pyproject.toml deploy/compose/triton/uv.lock ./
RUN uv sync --locked --no-cache

FROM python:3.11-slim-bookworm AS weights
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY schemas schemas
COPY core core
COPY streams streams
COPY api api
COPY cli cli
COPY local local
RUN uv sync --locked --no-default-groups --group local
ENV CLIPSTREAM_CACHE=/cache
RUN .venv/bin/python -m local.install --triton-only && cp -r /cache/weights-* /weights && chmod -R a+rX /weights

# 26.06 is Ubuntu 24.04 with Python 3.12 and CUDA 13.3; the user 1000 (triton-server) is its own.
FROM nvcr.io/nvidia/tritonserver:26.06-py3
RUN python3.12 -m venv --without-pip /python
COPY --from=models /models/lib/python3.12/site-packages /python/lib/python3.12/site-packages
COPY --from=weights /weights /weights
COPY models/shared /shared
COPY models/triton_repo /models
# The stub of the Python backend finds its packages by the python3 that is first on the path, as on one machine; each model
# finds its weights where config.pbtxt says: under /weights. CTranslate2 is CUDA 12's, onnxruntime CUDA 13's: both come
# with their libraries.
ENV PATH=/python/bin:/opt/tritonserver/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    NVIDIA=/python/lib/python3.12/site-packages/nvidia PYTHONNOUSERSITE=1 HF_HUB_OFFLINE=1
ENV LD_LIBRARY_PATH=$NVIDIA/cublas/lib:$NVIDIA/cu13/lib:$NVIDIA/cudnn/lib:$LD_LIBRARY_PATH
USER 1000
# Explicit, so that a client which finds a model dead may unload and load it.
CMD ["tritonserver", "--model-repository=/models", "--model-control-mode=explicit", "--load-model=*", "--exit-timeout-secs=5"]
