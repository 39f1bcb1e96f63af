"""A DistilBERT of 20,000 weights and a WordPiece tokenizer, made in memory: for tests, never for scores."""

from collections.abc import Sequence
from pathlib import Path

from harness.encoding.silence import silent_transformers

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def write_tiny_checkpoint(directory: Path, words: Sequence[str], seed: int = 0) -> None:
    """Write a tiny random encoder and its tokenizer as `from_pretrained` reads them.

    Args:
        directory: Existing folder.
        words: Lower-case words the tokenizer knows; others are spelt in letters.
        seed: Seed of the random weights.
    """
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyz'.,!?"
    tokens = [*SPECIAL_TOKENS, *words, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=64,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(directory)
    config = DistilBertConfig(
        vocab_size=len(vocabulary), dim=32, hidden_dim=64, n_layers=2, n_heads=2, max_position_embeddings=64
    )
    with silent_transformers(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        DistilBertModel(config).save_pretrained(directory)
