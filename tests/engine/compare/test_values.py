"""Comparing values: properties of texts that torch prints."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch._tensor_str import _add_suffixes, _tensor_str

from precis.compare.values import DIGITS, TOLERANCES, same_values, tokens

PREFIX = "tensor("
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
COMPLEX = [torch.complex64, torch.complex128]
DTYPES = [*FLOATS, *COMPLEX, torch.int32, torch.int64, torch.uint8, torch.bool]
UNMARKED = (torch.float32, torch.complex64, torch.int64, torch.bool)
FLAGS = ["", "requires_grad=True", "grad_fn=<MulBackward0>", "grad_fn=<AddmmBackward0>"]

budget = settings(max_examples=200, deadline=None, derandomize=True)


@dataclass(frozen=True)
class Printed:
    """A tensor and its print options; torch's own functions format it."""

    tensor: torch.Tensor
    flag: str
    width: int

    def on(self, device: str) -> str:
        suffixes = [f"device='{device}'"] if device else []
        empty = self.tensor.numel() == 0
        if empty and self.tensor.dim() != 1:
            suffixes.append(f"size={tuple(self.tensor.shape)}")
        if self.tensor.dtype not in UNMARKED or (empty and self.tensor.dtype != torch.float32):
            suffixes.append(f"dtype={self.tensor.dtype}")
        suffixes += [self.flag] if self.flag else []
        with torch._tensor_str.printoptions(precision=DIGITS, linewidth=self.width):
            values = _tensor_str(self.tensor, len(PREFIX))
            return _add_suffixes(PREFIX + values, suffixes, len(PREFIX), False)


@st.composite
def printed(draw: st.DrawFn) -> Printed:
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    scale = draw(st.sampled_from([1e-3, 1, 30, 1e5]))
    values = torch.randn(shape, generator=generator, dtype=torch.float64) * scale
    tensor = values.to(draw(st.sampled_from(DTYPES)))
    return Printed(tensor, draw(st.sampled_from(FLAGS)), draw(st.integers(20, 140)))


devices = st.sampled_from(["cuda:0", "mps:0", "xpu:1", "fakegpu:0"])


@budget
@given(printed(), devices)
def test_a_tensor_on_a_device_prints_the_same_values(case: Printed, device: str) -> None:
    assert same_values(case.on(""), case.on(device))


@budget
@given(printed(), devices, st.integers(20, 140))
def test_line_breaks_are_ignored(case: Printed, device: str, width: int) -> None:
    assert same_values(case.on(""), replace(case, width=width).on(device))


@budget
@given(printed(), devices, st.sampled_from(DTYPES))
def test_another_dtype_is_another_value(case: Printed, device: str, dtype: torch.dtype) -> None:
    tensor = case.tensor.real if case.tensor.is_complex() and not dtype.is_complex else case.tensor
    other = replace(case, tensor=tensor.to(dtype))

    kinds = {case.tensor.dtype, dtype}
    alike = len(kinds) == 1 or (kinds <= set(UNMARKED) and case.on("") == other.on(""))
    assert same_values(case.on(""), other.on(device)) == alike


@budget
@given(printed(), devices, st.sampled_from(FLAGS))
def test_another_flag_is_another_value(case: Printed, device: str, flag: str) -> None:
    assert same_values(case.on(""), replace(case, flag=flag).on(device)) == (flag == case.flag)


@budget
@given(printed(), devices, st.data())
def test_one_changed_digit_is_another_value(
    case: Printed, device: str, data: st.DataObject
) -> None:
    text = case.on(device)
    body = text.partition("device=")[0]
    whole = [*re.finditer(r"(?<![\d.])\d+(?=[.,\]j ])", body)]
    largest = max(case.tensor.to(torch.complex128).abs().flatten().tolist(), default=0)
    relative, _ = TOLERANCES.get(str(case.tensor.dtype).removeprefix("torch."), (0, 0))
    assume(whole and relative * largest < 1)  # a change of 1 is more than the tolerance
    assume("e-" not in body)
    at = data.draw(st.sampled_from(whole)).end() - 1
    digit = (int(text[at]) + data.draw(st.integers(1, 9))) % 10

    assert not same_values(case.on(""), f"{text[:at]}{digit}{text[at + 1 :]}")


@budget
@given(st.text(max_size=40))
def test_a_text_without_tensors_equals_itself(text: str) -> None:
    assert same_values(text, text)
    assert [token.text for token in tokens(text)] == [token.text for token in tokens(f" {text}\n")]


def test_a_device_on_its_own_line_is_removed() -> None:
    cpu = "tensor([[1.00000000, 2.00000000]], dtype=torch.float64, requires_grad=True)"
    gpu = (
        "tensor([[1.00000000, 2.00000000]],\n       device='cuda:0', dtype=torch.float64,\n"
        "       requires_grad=True)"
    )

    assert same_values(cpu, gpu)
    assert not same_values(cpu, gpu.replace("float64", "float16"))


def test_complex_numbers_agree_within_their_tolerance() -> None:
    assert same_values("tensor([1.00000000+2.00000000j])", "tensor([1.00000012+2.00000024j])")
    assert not same_values("tensor([1.00000000+2.00000000j])", "tensor([1.00000000+2.10000000j])")
    assert not same_values("tensor([1.00000000+2.00000000j])", "tensor([1.00000000-2.00000000j])")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("inf", "1e30"), ("inf", "-inf"), ("nan", "0.5"), ("0.1", "0.2")],
)
def test_infinities_nan_and_single_digits_are_compared_exactly(ours: str, theirs: str) -> None:
    for text, other in ((ours, theirs), (theirs, ours)):
        assert not same_values(f"tensor([{text}])", f"tensor([{other}])")
        assert not same_values(f"loss = {text}", f"loss = {other}")
        assert same_values(f"loss = {text}", f"loss = {text}")
