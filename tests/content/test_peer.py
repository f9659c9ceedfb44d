"""The converter of *Loading real weights*, against a GPT-2 that somebody else wrote.

Needs transformers (pip install -r .github/requirements.txt); PRECIS_REQUIRE_TRANSFORMERS says that
these tests must not be skipped.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from cells import define
from torch import Tensor, nn

SNIPPET = Path(__file__).parents[2] / "snippets/weights.py"
CELLS = {
    "config",
    "attention",
    "block",
    "model",
    "write",
    "read",
    "layout",
    "checkpoint",
    "convert",
}
CELLS |= {"second-parts", "second-attention", "second", "slips", "spoil"}
MISTAKES = ["c_proj", "q, v, k", "d/h, h", "wpe + 1", "gelu", "h = 2", "eps", "ln_f"]
GAP = 5e-5
"""Some twenty times what rounding does here, and a twentieth of what the smallest mistake does."""


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    if importlib.util.find_spec("transformers") is None:
        if os.environ.get("PRECIS_REQUIRE_TRANSFORMERS"):
            pytest.fail("PRECIS_REQUIRE_TRANSFORMERS is set, and transformers is not installed")
        pytest.skip("transformers is not installed: pip install -r .github/requirements.txt")
    os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """Return what the cells of the chapter define."""
    return define(SNIPPET, CELLS)


@pytest.fixture(scope="module")
def peer(installed: None) -> Any:
    """Return a small GPT-2 of transformers, each of its parameters drawn with 0.2."""
    from transformers import GPT2Config, GPT2LMHeadModel

    made = GPT2LMHeadModel(
        GPT2Config(vocab_size=256, n_positions=64, n_embd=48, n_layer=2, n_head=4)
    ).eval()
    torch.manual_seed(0)
    for name, parameter in made.named_parameters():
        # a bias of 0 or a scale of 1 would hide that it was forgotten
        center = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
        nn.init.normal_(parameter, mean=center, std=0.2)
    return made


@pytest.fixture(scope="module")
def file(peer: Any, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("peer")
    peer.save_pretrained(folder)
    return (folder / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def ids() -> Tensor:
    return torch.randint(256, (2, 64), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def gap(page: dict[str, Any], peer: Any, theirs: dict[str, Tensor], ids: Tensor, mistake: str = ""):
    """Return how far the chapter's model is from the peer, with one mistake or with none."""
    part, change = page["slips"].get(mistake, ("nowhere", None))
    ours = page["convert"](theirs)
    ours = {name: change(t) if part in name else t for name, t in ours.items()}
    model = page["GPT"](page["cfg"] | {"emb_dim": 48})
    model.load_state_dict(ours)
    page["spoil"](model, mistake)
    return (model(ids) - peer(ids).logits).abs().max().item()


def test_the_hand_reader_reads_what_transformers_wrote(
    page: dict[str, Any], peer: Any, file: bytes
) -> None:
    theirs = page["read"](file)

    expected = {name: t for name, t in peer.state_dict().items() if name != "lm_head.weight"}
    assert theirs.keys() == expected.keys()
    assert all(torch.equal(t, expected[name]) for name, t in theirs.items())


def test_the_names_and_shapes_are_those_of_transformers(page: dict[str, Any], file: bytes) -> None:
    theirs = {name: [*t.shape] for name, t in page["read"](file).items()}
    masks = {f"transformer.h.{i}.attn.bias": [1, 1, 64, 64] for i in range(2)}

    assert theirs == {f"transformer.{name}": size for name, size in page["layout"]().items()}
    made = {name: [*t.shape] for name, t in page["checkpoint"](0.2).items()}
    assert made == theirs | masks


def test_the_names_and_shapes_of_gpt_2_are_those_of_transformers(page: dict[str, Any]) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config()
    with torch.device("meta"):
        real = GPT2LMHeadModel(config)
    shapes = {name: [*p.shape] for name, p in real.named_parameters()}

    layout = page["layout"](50257, 1024, 768, 12)
    assert shapes == {f"transformer.{name}": size for name, size in layout.items()}
    assert (config.activation_function, config.layer_norm_epsilon) == ("gelu_new", 1e-5)


def test_the_converted_model_has_the_logits_of_transformers(
    page: dict[str, Any], peer: Any, file: bytes, ids: Tensor
) -> None:
    assert gap(page, peer, page["read"](file), ids) < GAP
    assert peer(ids).logits.std() > 1  # large enough for a mistake to show


def test_the_second_computation_has_the_logits_of_transformers(
    page: dict[str, Any], peer: Any, file: bytes, ids: Tensor
) -> None:
    logits = page["second"](ids, page["read"](file))

    torch.testing.assert_close(logits, peer(ids).logits, rtol=0, atol=GAP)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused(
    page: dict[str, Any], peer: Any, file: bytes, ids: Tensor, mistake: str
) -> None:
    assert gap(page, peer, page["read"](file), ids, mistake) > GAP


def test_an_old_file_with_masks_and_a_head_converts_to_the_same(
    page: dict[str, Any], peer: Any, file: bytes
) -> None:
    theirs = page["read"](file)
    bare = {name.removeprefix("transformer."): t for name, t in theirs.items()}
    old = bare | {"lm_head.weight": torch.zeros(256, 48)}
    for i in range(2):
        old |= {f"h.{i}.attn.bias": torch.ones(1, 1, 64, 64).tril()}
        old |= {f"h.{i}.attn.masked_bias": torch.tensor(-1e4)}

    ours, same = page["convert"](theirs), page["convert"](old)

    assert ours.keys() == same.keys()
    assert all(torch.equal(t, same[name]) for name, t in ours.items())


def test_the_script_for_published_weights_finds_the_loss_of_transformers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import real_weights  # imports tokenizers, which transformers brings along
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    torch.manual_seed(0)
    peer = GPT2LMHeadModel(
        GPT2Config(vocab_size=256, n_positions=512, n_embd=128, n_layer=3, n_head=2)
    ).eval()
    for parameter in peer.parameters():
        nn.init.normal_(parameter, std=0.2)
    peer.save_pretrained(tmp_path)

    real_weights.main(tmp_path)

    ids = torch.tensor(tokenizer.encode(real_weights.held_out_text()).ids)
    windows = ids.unfold(0, 513, 512)
    with torch.no_grad():
        logits = peer(windows[:, :-1]).logits
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten()).item()
    printed = capsys.readouterr().out
    assert f"loss: {loss:.4f} a token, {loss:.4f} a byte" in printed
    assert "6,404 tokens for 6,404 bytes, in windows of 512" in printed
