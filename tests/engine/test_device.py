"""Verification on another device: where tensors lie, who draws, what counts as the same."""

from __future__ import annotations

import pytest
from project import Project

from precis.device import absence
from precis.values import same

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
    assert project.run("precis.cli", "update").returncode == 0
    run = project.run("precis.cli", "verify", "--device", "fakegpu", *options)
    return run.returncode, run.stdout + run.stderr


def test_what_is_drawn_on_a_device_is_what_the_cpu_draws(project: Project) -> None:
    assert verified(project, DRAWS) == (0, "8 outputs: 8 verified on cpu, 8 on fakegpu\n")


def test_a_device_has_a_stream_of_its_own_without_that_rule(project: Project) -> None:
    project.write(
        a_py="""
        import torch
        from precis import fakegpu

        fakegpu.set_up()
        with fakegpu.Dispatch(), torch.device("fakegpu"):
            torch.manual_seed(0)
            there = torch.randn(3).cpu()
        torch.manual_seed(0)
        assert not torch.equal(there, torch.randn(3))
        """
    )

    run = project.run("a")

    assert run.returncode == 0, run.stderr


def test_a_hard_coded_device_is_found_with_its_line(project: Project) -> None:
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


def test_a_value_that_depends_on_the_device_is_found(project: Project) -> None:
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


def test_a_device_may_be_printed_where_the_line_is_marked(project: Project) -> None:
    text = "# %% a\nimport torch\nprint(torch.ones(1).device)\n#> cpu\n"

    assert verified(project, text)[0] == 1
    for marked in ("#> [fakegpu] fakegpu:0\n", "#> [cuda] cuda:0\n"):
        project.write(snippets__a_py=text + marked)
        run = project.run("precis.cli", "verify", "--device", "fakegpu")
        assert run.returncode == 0, run.stderr


def test_a_program_without_torch_is_verified_on_a_device_too(project: Project) -> None:
    assert verified(project, "# %% a\nprint(1 + 1)\n")[0] == 0


@pytest.mark.parametrize("device", ["cuda", "mps", "xpu"])
def test_a_device_that_is_absent_is_refused_in_one_line(project: Project, device: str) -> None:
    if not absence(device):
        pytest.skip(f"{device} is present")
    project.write(snippets__a_py="# %% a\nprint(1)\n#> 1\n")

    run = project.run("precis.cli", "verify", "--device", device)

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
def test_device_values_that_are_the_same(cpu: str, device: str) -> None:
    assert same(cpu, device)


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
def test_device_values_that_are_not(cpu: str, device: str) -> None:
    assert not same(cpu, device)


def test_a_cell_may_let_its_values_drift_on_a_device() -> None:
    assert not same("loss 1.526", "loss 1.529")
    assert same("loss 1.526", "loss 1.529", rtol=1e-2)
    assert not same("step 100", "step 101", rtol=1e-1)
