# Triton with the models' Python and the weights, each checked by SHA-256 as on one machine. Holds nothing of the product.
# 24.10 is Triton 2.51, the version the one-machine stack runs.
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
RUN .venv/bin/python -m local.install --triton-only && cp -r /cache/weights-* /weights

FROM nvcr.io/nvidia/tritonserver:24.10-py3
RUN pip install --no-cache-dir "faster-whisper==1.2.1" "onnxruntime-gpu>=1.20,<2" "numpy<2" "tokenizers>=0.20" \
    && pip install --no-cache-dir --no-deps "pocketsphinx==5.1.1" "ai-edge-litert==2.3.0"
COPY --from=weights /weights /weights
COPY models/shared /shared
COPY models/triton_repo /models
# Each model finds its weights where config.pbtxt says: under /weights.
ENV HF_HUB_OFFLINE=1
CMD ["tritonserver", "--model-repository=/models", "--model-control-mode=explicit", "--load-model=*", "--exit-timeout-secs=5"]
