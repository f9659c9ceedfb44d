"""Programs on the fake device: the same as on the CPU, or refused with a clear message.

Each row is a short program. All of them run in one process that forks for each, on the CPU and
on the fake device, so that a crash of the interpreter is a failed row.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from precis.compare.values import same_values

AS_ON_THE_CPU = {
    "values": """
        print(torch.arange(20.), torch.arange(24).reshape(4, 6), torch.linspace(0, 1, 9))
        print(torch.empty(0), torch.empty(0, 3), torch.empty(0, dtype=torch.int64))
        print(torch.arange(2000), torch.zeros(100, 100), torch.tensor([1 + 2j]).conj().imag)
        print(torch.tensor(True), torch.ones(2, 3, requires_grad=True) * 2)
        """,
    "index with lists": """
        x = torch.arange(6.0).reshape(2, 3)
        print(x[[0, 1], [1, 2]], x[:, [0, 2]], x[[1]], x[[True, False]])
        """,
    "index with tensors": """
        x, i = torch.arange(6.0).reshape(2, 3), torch.tensor([0, 1])
        print(x[i, i], x[x > 2], x[None], x[..., 0], x[torch.tensor([0], device="cpu")])
        print([10, 20, 30][torch.tensor(1)], list(range(torch.tensor(3))))
        """,
    "assignment": """
        x = torch.zeros(3, 3)
        x[0], x[1, 2], x[:, 0] = 1, 5.0, torch.tensor([1.0, 2.0, 3.0])
        x[[0, 2], [0, 1]], x[torch.tensor([0])], x[x > 8] = 7, 9, 8
        x[0] += 1
        print(x)
        """,
    "format": """
        t = torch.tensor(1.23456)
        print(f"{t:.4f} {t}", str(t), repr(t), format(t, ".2f"), "%.3f" % t)
        t.requires_grad_()
        print(f"{t * 2:.4f} {t * 2}", f"{torch.tensor([1.5])}", f"{torch.tensor([1.5]).item():.2f}")
        """,
    "format of several": 'f"{torch.ones(1):.4f}"',
    "numbers": """
        t = torch.tensor([2.5])
        print(t.item(), float(t), int(t), bool(t), torch.tensor(3).item(), t.tolist())
        print(torch.arange(4.0, requires_grad=True).reshape(2, 2).tolist())
        """,
    "truth of several": "bool(torch.ones(2))",
    "numpy of a copy": "print(torch.ones(2).cpu().numpy(), torch.ones(2).numpy(force=True))",
    "from numpy": """
        import numpy
        print(torch.tensor(numpy.ones(2)), torch.as_tensor(numpy.ones(2)))
        """,
    "deepcopy": """
        x = torch.ones(2, requires_grad=True)
        (x * x).sum().backward()
        y, z = copy.deepcopy([x, x])
        print(y, y.grad, y.is_leaf, y is z, y is x)
        p = copy.deepcopy(torch.nn.Parameter(torch.ones(2)))
        print(p, isinstance(p, torch.nn.Parameter))
        """,
    "deepcopy of a result": "copy.deepcopy(torch.ones(2, requires_grad=True) * 2)",
    "deepcopy of a module": """
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
        twin = copy.deepcopy(net)
        twin[0].weight.data.zero_()
        print(net(torch.ones(3, 2)), twin(torch.ones(3, 2)), *net.state_dict().values())
        """,
    "copy": "x = torch.ones(2); y = copy.copy(x); y += 1; print(x, y)",
    "checkpoint": """
        for reentrant in (False, True):
            torch.manual_seed(0)
            linear, x = torch.nn.Linear(3, 3), torch.randn(2, 3, requires_grad=True)
            y = checkpoint(lambda t: linear(t).relu(), x, use_reentrant=reentrant)
            y.sum().backward()
            print(y, x.grad, linear.weight.grad)
        """,
    "save and load": """
        a = torch.arange(4.0)
        torch.save([a, a[1:], torch.nn.Parameter(a), {"step": 3}], "a.pt")
        for source in ("a.pt", io.BytesIO(open("a.pt", "rb").read())):
            print(torch.load(source))
        """,
    "save and load a module": """
        torch.manual_seed(0)
        net, other, file = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2), io.BytesIO()
        torch.save(net.state_dict(), file)
        file.seek(0)
        print(other.load_state_dict(torch.load(file)), other.weight, other.weight.requires_grad)
        torch.save(net, "net.pt")
        print(torch.load("net.pt", weights_only=False).weight)
        """,
    "load on the cpu": """
        torch.save(torch.arange(3.0), "b.pt")
        x = torch.load("b.pt", map_location="cpu")
        print(x.device.type == "cpu", x)
        """,
    "pickle": """
        x = pickle.loads(pickle.dumps(torch.ones(2, requires_grad=True)))
        p = pickle.loads(pickle.dumps(torch.nn.Parameter(torch.ones(2))))
        print(x, p, isinstance(p, torch.nn.Parameter))
        """,
    "move": """
        x = torch.ones(2, requires_grad=True)
        y = x.to("cpu")
        y.sum().backward()
        print(y.device.type, x.grad, x.detach().cpu().to(DEVICE), x.to(DEVICE) is x, x.double())
        """,
    "make": """
        x = torch.ones(2)
        print(torch.tensor(x), torch.tensor([x[0], 2.0]), x.new_tensor([1, 2]))
        print(torch.as_tensor(x) is x)
        print(torch.stack([x, x]), torch.cat([x, x]), torch.full((2,), 1.5), torch.zeros_like(x))
        """,
    "compare": """
        x = torch.ones(2)
        print(torch.equal(x, x + 0), torch.allclose(x, x), (x == x).all())
        torch.testing.assert_close(x, x + 0)
        torch.testing.assert_close(x, x + 1)
        """,
    "modules": """
        net = torch.nn.Linear(2, 2, device="cpu").to(DEVICE)
        print(net.weight.device.type == DEVICE, isinstance(net.weight, torch.nn.Parameter))
        print(net(torch.ones(1, 2)).shape, net.double().weight.dtype, net.cpu().weight.device.type)
        """,
    "optimisers": """
        for make in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
            torch.manual_seed(0)
            net = torch.nn.Linear(2, 2)
            optimizer = make(net.parameters(), lr=0.1)
            for _ in range(2):
                optimizer.zero_grad()
                net(torch.ones(1, 2)).square().sum().backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
            print(net.weight, *optimizer.state[net.weight].values())
        """,
    "functional": """
        x = torch.ones(2)
        print(torch.func.jvp(lambda x: x * x, (x,), (x,)), torch.func.vmap(torch.sum)(x[None]))
        print(torch.func.grad(lambda x: (x * x).sum())(x))
        print(torch.func.hessian(lambda x: (x**3).sum())(x), torch.func.jacrev(lambda x: x * x)(x))
        with torch.autograd.forward_ad.dual_level():
            print(torch.autograd.forward_ad.make_dual(x, x))
        """,
    "data replaced": """
        p = torch.nn.Parameter(torch.ones(2))
        p.data = torch.zeros(3)
        net = torch.nn.Linear(2, 1)
        torch.nn.utils.vector_to_parameters(torch.arange(3.0), net.parameters())
        print(p, p.shape, net.weight, net.bias)
        """,
    "shape changed in place": """
        x = torch.arange(4.0)
        x.unsqueeze_(0).t_()
        print(x.shape, x + 1, torch.add(x, 1, out=torch.empty(0)).shape)
        torch.manual_seed(0)
        print(torch.nn.init.orthogonal_(torch.empty(1, 2)))
        """,
    "memory": """
        x = torch.arange(4.0)
        y = x.view(2, 2)
        y[0, 0] = 9
        print(x, x.data_ptr() == y.data_ptr(), x[1:].data_ptr() - x.data_ptr())
        print(x.untyped_storage().data_ptr() == y.untyped_storage().data_ptr())
        """,
    "data loader": """
        from torch.utils.data import DataLoader, TensorDataset
        torch.manual_seed(0)
        print(list(DataLoader(TensorDataset(torch.arange(4.0)), batch_size=2, shuffle=True)))
        """,
    "error in a hook": """
        def fail(gradient):
            raise ValueError("mine")
        x = torch.ones(2, requires_grad=True)
        x.register_hook(fail)
        try:
            (x * x).sum().backward()
        except ValueError as error:
            print(error)
        y = torch.ones(2, requires_grad=True)
        (y * y).sum().backward()
        print(y.grad)
        """,
    "error in an unpacking hook": """
        def fail(packed):
            raise ValueError("mine")
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, fail):
            y = torch.ones(2, requires_grad=True) ** 2
        y.sum().backward()
        """,
    "type": "x = torch.ones(2); print(type(x), isinstance(x, torch.Tensor), x.dtype, x.layout)",
    "synchronise": "torch.accelerator.is_available() and torch.accelerator.synchronize(); print(1)",
}
"""Programs that print the same values on the fake device, or fail with the same message."""

FAILS = {
    *("format of several", "truth of several", "deepcopy of a result", "compare"),
    "error in an unpacking hook",
}
"""The programs that fail."""

NUMPY = (
    "TypeError: can't convert fakegpu:0 device type tensor to numpy. "
    "Use Tensor.cpu() to copy the tensor to host memory first."
)
MIXTURE = (
    "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, "
    "fakegpu:0 and cpu!"
)

ITS_OWN = {
    "repr": (
        "x = torch.ones(1); print(torch.ones(2), x.double(), x.requires_grad_())",
        "tensor([1., 1.], device='fakegpu:0') "
        "tensor([1.], device='fakegpu:0', dtype=torch.float64) "
        "tensor([1.], device='fakegpu:0', requires_grad=True)",
    ),
    "repr of long lines": (
        "print(torch.arange(14.0), torch.ones(2, 11, dtype=torch.float64, requires_grad=True) * 2)",
        "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.],\n"
        "       device='fakegpu:0') tensor([[2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2.],\n"
        "        [2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2.]], device='fakegpu:0',\n"
        "       dtype=torch.float64, grad_fn=<MulBackward0>)",
    ),
    "repr of any": (
        """
        from itertools import product
        from torch._tensor_str import _add_suffixes, _tensor_str
        shapes = [(), (1,), (9,), (40,), (3, 4), (2, 3, 5)]
        dtypes = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.int32]
        different = []
        for shape, dtype, width, flag in product(shapes, dtypes, range(30, 120, 19), (0, 1, 2)):
            torch.set_printoptions(linewidth=width)
            cpu = (torch.arange(60, device="cpu")[: torch.Size(shape).numel()] / 7).to(dtype)
            x = cpu.reshape(shape).to(DEVICE)
            suffixes = ["device='fakegpu:0'"]
            if dtype not in (torch.float32, torch.int64, torch.bool):
                suffixes.append(f"dtype={dtype}")
            if flag and dtype.is_floating_point:
                x = x.requires_grad_() if flag == 1 else x.requires_grad_().view_as(x)
                suffixes.append(["", "requires_grad=True", "grad_fn=<ViewBackward0>"][flag])
            values = _tensor_str(cpu.reshape(shape), len("tensor("))
            expected = _add_suffixes("tensor(" + values, suffixes, len("tensor("), False)
            if repr(x) != expected:
                different.append((repr(x), expected))
        print(len(different), *different[:1])
        """,
        "0",
    ),
    "repr of a parameter": (
        "print(torch.nn.Parameter(torch.arange(12.0)))",
        "Parameter containing:\n"
        "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11.],\n"
        "       device='fakegpu:0', requires_grad=True)",
    ),
    "numpy": ("torch.ones(2).numpy()", NUMPY),
    "numpy.array": ("import numpy; numpy.array(torch.ones(2))", NUMPY),
    "cat with the cpu": ("torch.cat([torch.ones(1), torch.ones(1, device='cpu')])", MIXTURE),
    "equal to the cpu": ("torch.equal(torch.ones(1), torch.ones(1, device='cpu'))", MIXTURE),
    "close to the cpu": (
        "torch.testing.assert_close(torch.ones(1), torch.ones(1, device='cpu'))",
        "AssertionError: The values for attribute 'device' do not match: fakegpu:0 != cpu.",
    ),
    "nested": (
        "torch.nested.nested_tensor([torch.ones(1), torch.ones(2)])",
        "NotImplementedError: fakegpu has no nested and no quantized tensors",
    ),
    "fused": (
        "torch.nn.LSTM(2, 3)(torch.ones(4, 1, 2))",
        "NotImplementedError: fakegpu has no aten::_thnn_fused_lstm_cell",
    ),
}
"""Programs that print the device, and their output."""

RUNNER = """
import copy, io, json, os, pickle, sys, warnings
import torch, torch._dynamo
from torch.utils.checkpoint import checkpoint
from precis.run import device

rows = json.load(open("rows.json"))
results = {"cpu": {}, "fakegpu": {}}
for where, name in [(where, name) for where in results for name in rows]:
    if where == "fakegpu":
        from precis.run import fakegpu_backend
        fakegpu_backend.set_up()
    names = {**globals(), "DEVICE": where}
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.dup2(writer, 1)
        warnings.simplefilter("ignore")
        try:
            with device.on_device(where):
                exec(rows[name], names)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}")
        sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        text = file.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    results[where][name] = text.strip() if status == 0 else f"ended with {status}"
json.dump(results, open("printed.json", "w"))
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The output of each program, by device."""
    folder: Path = tmp_path_factory.mktemp("fakegpu")
    programs = AS_ON_THE_CPU | {name: code for name, (code, _) in ITS_OWN.items()}
    rows = {name: textwrap.dedent(code) for name, code in programs.items()}
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "runner.py").write_text(RUNNER, encoding="utf-8")
    subprocess.run([sys.executable, "runner.py"], cwd=folder, check=True)
    found: dict[str, dict[str, str]] = json.loads((folder / "printed.json").read_text("utf-8"))
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="each row is a fork")
@pytest.mark.parametrize("name", AS_ON_THE_CPU)
def test_the_fake_device_prints_the_same_as_the_cpu(
    name: str, printed: dict[str, dict[str, str]]
) -> None:
    cpu, fake = printed["cpu"][name], printed["fakegpu"][name]

    assert same_values(cpu, fake), f"{cpu}\n--- on fakegpu:\n{fake}"
    assert ("Error: " in cpu) == (name in FAILS)


@pytest.mark.skipif(sys.platform == "win32", reason="each row is a fork")
@pytest.mark.parametrize("name", ITS_OWN)
def test_the_fake_device_reports_its_name(name: str, printed: dict[str, dict[str, str]]) -> None:
    assert printed["fakegpu"][name] == ITS_OWN[name][1]
