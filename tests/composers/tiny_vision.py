"""Vision-language checkpoints of a few hundred kilobytes, of the architecture classes that real ones have, with a tokenizer trained on the spot; random, or taught an answer by heart."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessorPil,
    Gemma3Processor,
    Gemma3TextConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
)

from wetread.composers.vision_chat import load_vision

SIDE_PX, PATCH_PX = 32, 8
_NAMES = {
    "image_token": "<image>",
    "boi_token": "<begin>",
    "eoi_token": "<end>",
}
_TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}\nANSWER:"
)


def make_llava(folder: Path, corpus: Sequence[str]) -> None:
    """LlavaForConditionalGeneration: SigLIP and Llama, as most fine-tuned readers of films."""
    tokenizer = _tokenizer(corpus)
    config = LlavaConfig(
        vision_config=_eye(),
        text_config=LlamaConfig(**_tongue(tokenizer), num_key_value_heads=2),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    processor = LlavaProcessor(
        image_processor=SiglipImageProcessorPil(size={"height": SIDE_PX, "width": SIDE_PX}),
        tokenizer=tokenizer,
        patch_size=PATCH_PX,
        vision_feature_select_strategy="full",
        image_token="<image>",
        num_additional_image_tokens=0,
        chat_template=_TEMPLATE.replace("IMAGE", "<image>"),
    )
    _save(folder, LlavaForConditionalGeneration(config), processor)


def make_gemma3(folder: Path, corpus: Sequence[str]) -> None:
    """Gemma3ForConditionalGeneration, the class of MedGemma."""
    tokenizer = _tokenizer(corpus)
    patches = (SIDE_PX // PATCH_PX) ** 2
    config = Gemma3Config(
        vision_config=_eye(),
        text_config=Gemma3TextConfig(**_tongue(tokenizer), num_key_value_heads=2, head_dim=16, sliding_window=64),
        mm_tokens_per_image=patches,
        boi_token_index=tokenizer.convert_tokens_to_ids("<begin>"),
        eoi_token_index=tokenizer.convert_tokens_to_ids("<end>"),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    processor = Gemma3Processor(
        image_processor=Gemma3ImageProcessorPil(size={"height": SIDE_PX, "width": SIDE_PX}, do_pan_and_scan=False),
        tokenizer=tokenizer,
        image_seq_length=patches,
        chat_template=_TEMPLATE.replace("IMAGE", "<begin>"),
    )
    _save(folder, Gemma3ForConditionalGeneration(config), processor)


def _tokenizer(corpus: Sequence[str]) -> PreTrainedTokenizerFast:
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = bytes_, decoders.ByteLevel()
    special = ["<pad>", "<start>", "<stop>", *_NAMES.values()]
    trainer = trainers.BpeTrainer(
        vocab_size=1200, special_tokens=special, initial_alphabet=bytes_.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<start>",
        eos_token="<stop>",
        pad_token="<pad>",
        extra_special_tokens=_NAMES,
    )


def _eye() -> SiglipVisionConfig:
    return SiglipVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIDE_PX,
        patch_size=PATCH_PX,
    )


def _tongue(tokenizer: PreTrainedTokenizerFast) -> Mapping[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 2048,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


def _save(folder: Path, model: Any, processor: Any) -> None:
    torch.manual_seed(5)
    model.apply(_drawn)
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _drawn(module: torch.nn.Module) -> None:
    """Weights a tenth as large as usual would say the same token for ever; these say something else each time."""
    if isinstance(module, torch.nn.Linear):
        torch.nn.init.normal_(module.weight, std=0.2)


def teach(folder: Path, prompt: str, lessons: Sequence[tuple[Any, Mapping[str, Any]]], steps: int = 200) -> float:
    """Train the checkpoint in `folder` to answer `prompt` beside each picture (uint8 3, row, column) by its JSON; the loss it ends at."""
    chat = load_vision(folder)
    model, processor = chat._model, chat._processor
    torch.manual_seed(5)
    batches = [_lesson(processor, prompt, picture, json.dumps(answer)) for picture, answer in lessons]
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    loss = 9.0
    for _ in range(steps):
        optimiser.zero_grad()
        losses = torch.stack([model(**batch).loss for batch in batches])
        losses.mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        loss = float(losses.detach().max())
        if loss < 0.01:
            break
    model.eval().save_pretrained(folder)
    return loss


def _lesson(processor: Any, prompt: str, picture: Any, answer: str) -> dict[str, torch.Tensor]:
    turn = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
    asked = processor.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
    inputs = dict(processor(images=[picture], text=[asked], return_tensors="pt"))
    words = processor.tokenizer(answer + "<stop>", return_tensors="pt", add_special_tokens=False)["input_ids"]
    length = inputs["input_ids"].shape[1]
    inputs["input_ids"] = torch.cat([inputs["input_ids"], words], 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    inputs["labels"] = inputs["input_ids"].clone()
    inputs["labels"][:, :length] = -100
    return inputs
