"""Verification on another device: placement, random numbers, equality of values."""

from __future__ import annotations

import json
import re

import pytest
import torch
from project import Project

from precis.compare.values import same_values
from precis.run.device import why_unavailable
from precis.run.randomness import is_random

DRAWS = """
    # %% draws
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    print(torch.randn(3))
    print(torch.randperm(5), torch.randint(9, (3,)))
    print(F.dropout(torch.ones(6), 0.5))
    print(torch.multinomial(torch.tensor([0.2, 0.3, 0.5]), 5, replacement=True))
    print(torch.empty(2).normal_(), torch.empty(2).uniform_())
    print(torch.bernoulli(torch.full((4,), 0.5)))

    # %% network
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        loss = net(torch.randn(2, 4)).square().mean()
        loss.backward()
        optimizer.step()
    print(loss)
    print(f"{loss.item():.4f}", net[0].weight.grad)
    """


def verified(project: Project, text: str, *options: str) -> tuple[int, str]:
    project.write(snippets__a_py=text)
    assert project.run("precis", "update").returncode == 0
    run = project.run("precis", "verify", "--device", "fakegpu", *options)
    return run.returncode, run.stdout + run.stderr


def test_random_numbers_on_a_device_are_the_cpu_s(project: Project) -> None:
    assert verified(project, DRAWS) == (0, "8 outputs: 8 verified on cpu, 8 on fakegpu\n")


def test_only_random_operations_run_on_the_cpu() -> None:
    stay, drawn = set(), set()
    for schema in torch._C._jit_get_all_schemas():
        packet = getattr(torch.ops.aten, schema.name.removeprefix("aten::"), None)
        operation = getattr(packet, schema.overload_name or "default", None)
        if operation is None or torch.Tag.nondeterministic_seeded not in operation.tags:
            continue
        (drawn if is_random(operation) else stay).add(schema.name.removeprefix("aten::"))

    assert not stay & drawn
    assert {name for name in stay if not re.search("attention|sdp|rnn|lstm|gru", name)} == {
        "_cudnn_init_dropout_state",  # of a recurrent layer
        "_fill_mem_eff_dropout_mask_",  # of attention
        "_nested_tensor_softmax_with_shape",
    }
    assert {
        name.strip("_").removesuffix("_like").removesuffix("_functional") for name in drawn
    } == {
        *("alpha_dropout", "dropout", "feature_alpha_dropout", "feature_dropout"),
        *("fused_dropout", "native_dropout"),
        *("bernoulli", "binomial", "cauchy", "exponential", "geometric", "log_normal"),
        *("multinomial", "normal", "poisson", "uniform", "sample_dirichlet", "standard_gamma"),
        *("rand", "randint", "randn", "random", "randperm"),
        *("rrelu", "rrelu_with_noise"),
    }


ATTENTION = """
    import json
    import os
    import sys
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from precis.run import fakegpu, fakegpu_backend, randomness

    aten = torch.ops.aten
    fakegpu_backend.set_up()
    told = {}


    class Kernels(TorchDispatchMode):  # what lies under the mode: the device's own kernels
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            where = {a.device.type for a in args if isinstance(a, torch.Tensor)}
            seen.append([func._schema.name, *where])
            results = [x if "Tensor" in repr(r.type) else 0 for r in func._schema.returns]
            return results if len(results) > 1 else results[0]


    x = fakegpu.FakeTensor(torch.ones(1, 1, 2, 4))
    seed = fakegpu.FakeTensor(torch.ones((), dtype=torch.int64))


    def forward(p):
        aten._scaled_dot_product_efficient_attention(x, x, x, None, True, p)
        aten._scaled_dot_product_flash_attention(x, x, x, p)
        aten._scaled_dot_product_cudnn_attention(x, x, x, None, True, dropout_p=p)
        aten._scaled_dot_product_fused_attention_overrideable(x, x, x, None, p)
        aten._efficient_attention_forward(x, x, x, None, None, None, None, None, p, 0)
        aten._cudnn_rnn(x, [x], 1, None, x, x, 2, 4, 0, 1, False, p, True, False, [], None)


    def backward(p):
        aten._scaled_dot_product_efficient_attention_backward(
            x, x, x, x, None, x, x, seed, seed, p, [True, True, True, False]
        )
        aten._scaled_dot_product_cudnn_attention_backward(
            x, x, x, x, x, x, seed, seed, None, None, None, 2, 2, p, False
        )


    for call in sys.argv[1:]:
        seen, error = [], ""
        try:
            with Kernels(), randomness.CpuRandomNumbers():
                exec(call)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
        told[call] = seen, error

    with fakegpu.Dispatch(), torch.device("fakegpu"):
        torch.manual_seed(0)
        there = torch.randn(3).cpu()
    torch.manual_seed(0)
    told["draws"] = [there.tolist()], str(torch.randn(3).tolist())
    print(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)  # the fake device's threads need not end
    """

Kernels = dict[str, tuple[list[list[str]], str]]

UNDRAWN = {
    "a recurrent layer that does not train": "aten._cudnn_rnn("
    "x, [x], 1, None, x, x, 2, 4, 0, 1, False, 0.5, False, False, [], None)",
    "a choice among kernels": "aten._fused_sdp_choice(x, x, x, None, 0.5)",
}

CALLS = [f"{way}ward({p})" for way in ("for", "back") for p in (0.0, 0.1)]


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    """The device kernels that each call used, and its error."""
    project = Project(tmp_path_factory.mktemp("kernels")).write(a_py=ATTENTION)
    run = project.run("a", *CALLS, *UNDRAWN.values())
    assert run.returncode == 0, run.stderr
    told: Kernels = json.loads(run.stdout)
    return told


@pytest.mark.parametrize(("call", "count"), [("forward(0.0)", 6), ("backward(0.0)", 2)])
def test_fused_attention_runs_on_the_device(kernels: Kernels, call: str, count: int) -> None:
    seen, said = kernels[call]

    assert len(seen) == count, said
    assert all(where == ["fakegpu"] for _, *where in seen), seen


@pytest.mark.parametrize("call", ["forward(0.1)", "backward(0.1)"])
def test_dropout_inside_fused_attention_is_refused(kernels: Kernels, call: str) -> None:
    seen, said = kernels[call]

    assert not seen
    assert said == (
        "NotImplementedError: the dropout of aten::_scaled_dot_product_efficient_attention"
        + ("_backward" if call.startswith("back") else "")
        + " is drawn by the device, so its values are not the CPU's: run attention under "
        "torch.nn.attention.sdpa_kernel(SDPBackend.MATH), and put nn.Dropout between recurrent "
        "layers"
    )


@pytest.mark.parametrize("call", UNDRAWN.values(), ids=UNDRAWN.keys())
def test_attention_without_dropout_is_not_refused(kernels: Kernels, call: str) -> None:
    seen, said = kernels[call]

    assert seen == [[call.partition("(")[0].replace("aten.", "aten::"), "fakegpu"]], said


def test_without_the_cpu_s_generator_a_device_draws_other_numbers(kernels: Kernels) -> None:
    (there,), here = kernels["draws"]

    assert len(there) == 3
    assert str(there) != here


SCALED = """
    # %% attention
    import contextlib
    import torch
    import torch.nn.functional as F
    from torch.nn.attention import SDPBackend, sdpa_kernel

    torch.manual_seed(0)
    q, k, v = (torch.randn(1, 2, 4, 8, requires_grad=True) for _ in range(3))
    mask = torch.ones(4, 4, dtype=torch.bool).tril()
    backend = contextlib.nullcontext
    for options in ({}, {"is_causal": True}, {"attn_mask": mask}, {"attn_mask": mask.float()}):
        with backend():
            out = F.scaled_dot_product_attention(q, k, v, **options)
        out.square().sum().backward()
        print(out[0, 0], q.grad[0, 0], sep="\\n")
    """

DROPPED = SCALED.replace("in ({}, ", 'in ({"dropout_p": 0.5}, ')


def test_attention_and_its_gradients_equal_the_cpu_s(project: Project) -> None:
    assert verified(project, SCALED) == (0, "1 output: 1 verified on cpu, 1 on fakegpu\n")


def test_fused_dropout_is_refused_on_the_fake_device_too(project: Project) -> None:
    code, said = verified(project, DROPPED)

    assert code == 1
    assert "NotImplementedError: the dropout of scaled_dot_product_attention is drawn by" in said


def test_unfused_dropout_of_attention_is_the_cpu_s(
    project: Project,
) -> None:
    text = DROPPED.replace("= contextlib.nullcontext", "= lambda: sdpa_kernel(SDPBackend.MATH)")

    assert verified(project, text) == (0, "1 output: 1 verified on cpu, 1 on fakegpu\n")


def test_a_hard_coded_device_is_reported_with_its_line(project: Project) -> None:
    code, said = verified(
        project,
        """
        # %% a
        import torch
        x = torch.ones(2)
        print(x + torch.ones(2, device="cpu"))
        """,
    )

    assert code == 1
    assert said.startswith(
        "snippets/a.py:4:1: RuntimeError: Expected all tensors to be on the same device, "
        "but found at least two devices, fakegpu:0 and cpu!, cell a on fakegpu, torch "
    )


def test_a_value_that_depends_on_the_device_is_reported(project: Project) -> None:
    code, said = verified(
        project,
        """
        # %% a
        import torch
        x = torch.ones(2)
        print(x * (2 if x.device.type == "cpu" else 3))
        """,
    )

    assert code == 1
    assert "snippets/a.py:4:1: prints other values than on the CPU, cell a on fakegpu" in said
    assert "- tensor([2., 2.])" in said


def test_a_device_may_be_printed_on_a_marked_line(project: Project) -> None:
    text = "# %% a\nimport torch\nprint(torch.ones(1).device)\n#> cpu\n"

    assert verified(project, text)[0] == 1
    for marked in ("#> [fakegpu] fakegpu:0\n", "#> [cuda] cuda:0\n"):
        project.write(snippets__a_py=text + marked)
        run = project.run("precis", "verify", "--device", "fakegpu")
        assert run.returncode == 0, run.stderr


def test_a_program_without_torch_is_verified_on_a_device_too(project: Project) -> None:
    assert verified(project, "# %% a\nprint(1 + 1)\n")[0] == 0


@pytest.mark.parametrize("device", ["cuda", "mps", "xpu"])
def test_an_unavailable_device_is_refused_in_one_line(project: Project, device: str) -> None:
    if not why_unavailable(device):
        pytest.skip(f"{device} is present")
    project.write(snippets__a_py="# %% a\nprint(1)\n#> 1\n")

    run = project.run("precis", "verify", "--device", device)

    assert run.returncode == 2
    assert f"there is no {device} device here that torch" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("cpu", "device"),
    [
        ("tensor([1., 2.])", "tensor([1., 2.], device='cuda:0')"),
        ("tensor([0.08981612])", "tensor([0.08981600], device='cuda:0')"),
        ("tensor([100.00001])", "tensor([100.00010], device='cuda:0')"),
        ("tensor([1.0010], dtype=torch.float16)", "tensor([1.0020], dtype=torch.float16)"),
        (
            "tensor([[1., 2.],\n        [3., 4.]], requires_grad=True)",
            "tensor([[1., 2.],\n        [3., 4.]], device='cuda:0', requires_grad=True)",
        ),
        ("tensor([1, 2])", "tensor([1, 2], device='cuda:0')"),
        ("loss 0.8290 → 0.8070", "loss 0.8291 → 0.8069"),
        ("0.08981612324714661", "0.08981611579656601"),
        ("tensor(-0.)", "tensor(0.)"),
        ("tensor([inf, nan])", "tensor([inf, nan], device='cuda:0')"),
        ("1e-08 True shape", "1e-08 True shape"),
    ],
)
def test_values_within_the_tolerance_are_equal(cpu: str, device: str) -> None:
    assert same_values(cpu, device)


@pytest.mark.parametrize(
    ("cpu", "device"),
    [
        ("tensor([1., 2., 3., 4.])", "tensor([2., 3., 4.])"),
        ("tensor([1., 2., 3.])", "tensor([2., 3., 4.])"),  # not one unit of a last digit
        ("tensor([0.08981612])", "tensor([0.08985000])"),
        ("tensor([1.], dtype=torch.float64)", "tensor([1.])"),
        ("tensor([1.00000000], dtype=torch.float64)", "tensor([1.00000100], dtype=torch.float64)"),
        ("tensor([1, 2])", "tensor([1, 3])"),
        ("tensor([1, 2])", "tensor([1., 2.])"),
        ("tensor([1.], requires_grad=True)", "tensor([1.])"),
        ("tensor([1.], grad_fn=<MulBackward0>)", "tensor([1.], grad_fn=<AddBackward0>)"),
        ("torch.Size([2, 3])", "torch.Size([3, 2])"),
        ("True", "False"),
        ("0.8290", "0.8292"),
        ("0.0", "0.1"),  # too few digits to compare by the last one
        ("0.9", "1.0"),
        ("tensor([[1.], [2.]])", "tensor([1., 2.])"),
        ("a", "a b"),
        ("tensor(inf)", "tensor(1.)"),
    ],
)
def test_values_outside_the_tolerance_are_not_equal(cpu: str, device: str) -> None:
    assert not same_values(cpu, device)


def test_a_cell_may_set_a_relative_tolerance() -> None:
    assert not same_values("loss 1.526", "loss 1.529")
    assert same_values("loss 1.526", "loss 1.529", rtol=1e-2)
    assert not same_values("step 100", "step 101", rtol=1e-1)
