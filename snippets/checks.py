"""How printed values are checked, in miniature."""

# %% program
program = "print(round(1.1 * 2.2, 4))\n#> 2.42"
print(program)
#> print(round(1.1 * 2.2, 4))
#> #> 2.42

# %% check
import io
from contextlib import redirect_stdout


def check(program):
    out = io.StringIO()
    with redirect_stdout(out):
        exec(program, {})
    lines = program.splitlines()
    said = [line[3:] for line in lines if line.startswith("#> ")]
    return said == out.getvalue().splitlines()


print(check(program))
#> True

# %% last-digit
print(check(program.replace("2.42", "2.43")))
#> False

# %% same-mistake
print(check("print('3 × 3 =', 3 + 3)\n#> 3 × 3 = 6"))
#> True

# %% nothing
print(check("x = 1.1"), check(""))
#> True True
print(all([]))
#> True

# %% order
import torch

a, b, c = torch.tensor([1e8, 1.0, -1e8])
print(a.dtype, (a + b) + c, (a + c) + b)
#> torch.float32 tensor(0.) tensor(1.)

# %% unit
import re
from decimal import Decimal


def numbers(text):
    found = re.findall(r"-?\d+\.?\d*", text)
    return [Decimal(number) for number in found]


def one_unit(said, printed):
    pairs = zip(numbers(said), numbers(printed), strict=True)
    return all(
        abs(s - p) <= Decimal(10) ** s.as_tuple().exponent
        for s, p in pairs
    )


print(one_unit("0.0898", "0.0899"), one_unit("0.0898", "0.0998"))
#> True False

# %% whole
x = torch.tensor([1.0, 2.0, 3.0])
print(x, x + 1)
#> tensor([1., 2., 3.]) tensor([2., 3., 4.])
print(one_unit(str(x), str(x + 1)))
#> True

# %% values
from torch.testing import assert_close


def agree(actual, expected):
    try:
        assert_close(actual, expected)
    except AssertionError as error:
        return str(error).splitlines()[0].split(":")[0]
    return True


print(agree(x + 1e-6, x))
#> True
print(agree(x + 1, x))
#> Tensor-likes are not close!
print(agree(x.double(), x))
#> The values for attribute 'dtype' do not match

# %% witness
def has_witness(number, printed):
    stated = Decimal(number.replace(",", "."))
    shown = [n.quantize(stated) for n in numbers(printed)]
    return stated in shown


gradient = "tensor([-0.0898])"
print([has_witness(n, gradient) for n in ("-0.0898", "-0,09", "-0.08")])
#> [True, True, False]

# %% mutants
def mutants(text):
    for end in re.finditer(r"\d(?!\d|\.\d)", text):
        digit = (int(end[0]) + 1) % 10
        yield f"{text[:end.start()]}{digit}{text[end.end():]}"


print(*mutants("0.50 -1.25"), sep="\n")
#> 0.51 -1.25
#> 0.50 -1.26

# %% refused
from operator import eq

printed = "tensor([0.5000, 0.2500, 0.1250])"
for test in (eq, one_unit):
    refused = [not test(mutant, printed) for mutant in mutants(printed)]
    print(test.__name__, sum(refused), len(refused))
#> eq 3 3
#> one_unit 0 3

# %% gradient
import torch.nn.functional as F

w = torch.tensor(2.2, requires_grad=True)
loss = -F.logsigmoid(1.1 * w)
loss.backward()
print(f"{w.grad.item():.4f}")
#> -0.0898

# %% differences
import math


def f(w):
    return math.log(1 + math.exp(-1.1 * w))


h = 1e-5
print(f"{(f(2.2 + h) - f(2.2 - h)) / (2 * h):.4f}")
#> -0.0898

# %% forgotten
a = torch.sigmoid(1.1 * w).item()
print(f"{a - 1:.4f}")
#> -0.0817

# %% solution-ceiling
print(f"{1e-5 + 1.3e-6 * 1:.3g}")
#> 1.13e-05
one = torch.tensor([1.0])
for d in (1.0e-5, 1.2e-5):
    print(d, agree(one + d, one))
#> 1e-05 True
#> 1.2e-05 Tensor-likes are not close!

# %% solution-swapped
loss, accuracy = 0.42, 0.95
scores = f"loss {loss} accuracy {accuracy}"
print(scores)
#> loss 0.42 accuracy 0.95
print(has_witness("0.42", scores), has_witness("0.95", scores))
#> True True
