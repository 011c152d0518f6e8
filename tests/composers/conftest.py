"""Models beside other work: one thread each. The library that sees is imported the way the product imports it."""

from wetread.composers.vision_chat import import_vision

_, torch = import_vision()
torch.set_num_threads(1)
