"""Predictor implementations: ONNX Runtime."""
