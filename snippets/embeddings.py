"""From a token to its vector, and from its position to another."""

# %% lookup
import torch
from torch import nn

W = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]])
ids = torch.tensor([3, 0, 3])
print(W[ids])
#> tensor([[6., 7.],
#>         [0., 1.],
#>         [6., 7.]])
embedding = nn.Embedding.from_pretrained(W, freeze=False)  # (1)!
print(torch.equal(embedding(ids), W[ids]))
#> True

# %% one-hot
import torch.nn.functional as F

O = F.one_hot(ids, num_classes=4)
print(O)
#> tensor([[0, 0, 0, 1],
#>         [1, 0, 0, 0],
#>         [0, 0, 0, 1]])
print(O.float() @ W)  # (1)!
#> tensor([[6., 7.],
#>         [0., 1.],
#>         [6., 7.]])
print(torch.equal(O.float() @ W, W[ids]))
#> True

# %% lookup-figure
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.2, 1.7))
picked = {(0, 0), (5, 3), (8, 0)}
for left, table in ((0, O), (5, W), (8, W[ids])):
    for i, row in enumerate(table.tolist()):
        for j, value in enumerate(row):
            color = "C1" if (left, i) in picked else "C0"
            axes.text(left + j, -i, f"{value:g}", color=color)
for left, sign in ((4, "×"), (7, "=")):
    axes.text(left, -1, sign)
axes.set(xlim=(-0.5, 9.5), ylim=(-3.5, 1))
axes.axis("off")

# %% gradient
G = torch.tensor([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
embedding(ids).backward(G)
print(embedding.weight.grad)
#> tensor([[ 2., 20.],
#>         [ 0.,  0.],
#>         [ 0.,  0.],
#>         [ 5., 50.]])
print(torch.equal(embedding.weight.grad, O.float().T @ G))
#> True

# %% rows-that-move
def moved(make, tokens=(3, 0)):
    table = nn.Embedding(4, 2)
    optimizer = make(table.parameters(), lr=0.1)
    for token in tokens:
        before = table.weight.detach().clone()
        optimizer.zero_grad()
        table(torch.tensor([token])).sum().backward()
        optimizer.step()
        change = table.weight.detach() != before
        print(token, change.any(dim=1).tolist())


moved(torch.optim.SGD)
#> 3 [False, False, False, True]
#> 0 [True, False, False, False]
moved(torch.optim.Adam)
#> 3 [False, False, False, True]
#> 0 [True, False, False, True]
moved(torch.optim.AdamW)
#> 3 [True, True, True, True]
#> 0 [True, True, True, True]

# %% not-in-table
table = nn.Embedding(4, 2, device="cpu")
for token in (4, -1, 1.0):
    try:
        table(torch.tensor([token], device="cpu"))
    except (IndexError, RuntimeError) as error:
        print(token, str(error).partition(";")[0])
#> 4 index out of range in self
#> -1 index out of range in self
#> 1.0 Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int
print(W[torch.tensor([-1])])
#> tensor([[6., 7.]])

# %% cosine
a, b = torch.tensor([1.0, 2.0, 2.0]), torch.tensor([2.0, 1.0, 2.0])
print((a @ b).item(), a.norm().item(), b.norm().item())
#> 8.0 3.0 3.0
for other in (b, 100 * b, -b):
    print(f"{F.cosine_similarity(a, other, dim=0).item():.4f}")
#> 0.8889
#> 0.8889
#> -0.8889

# %% random-cosines
torch.manual_seed(0)
cosines = {}
for d in (2, 32, 768):
    x, y = torch.randn(1000, d), torch.randn(1000, d)
    cosines[d] = F.cosine_similarity(x, y, dim=1)
    print(d, f"{cosines[d].std().item():.3f} {d**-0.5:.3f}")
#> 2 0.705 0.707
#> 32 0.176 0.177
#> 768 0.035 0.036

# %% cosine-figure
figure, axes = plt.subplots(figsize=(4.2, 2.6))
edges = [k / 20 for k in range(-20, 21)]
for k, d in enumerate(cosines):
    axes.hist(
        cosines[d].tolist(),
        edges,
        histtype="step",
        color=f"C{k}",
        linestyle=["-", "--", ":"][k],
    )
axes.set_xlabel(r"$\cos\theta$")

# %% order
torch.manual_seed(0)
wte = nn.Embedding(7, 4)
bites = wte(torch.tensor([1, 2, 3])).mean(dim=0)
bitten = wte(torch.tensor([3, 2, 1])).mean(dim=0)
print(torch.allclose(bites, bitten))
#> True

# %% learned-positions
wpe = nn.Embedding(5, 4)
ids = torch.tensor([[1, 2, 1], [2, 1, 1]])
x = wte(ids) + wpe(torch.arange(3))
print(wte(ids).shape, wpe(torch.arange(3)).shape, x.shape)
#> torch.Size([2, 3, 4]) torch.Size([3, 4]) torch.Size([2, 3, 4])
print(torch.equal(wte(ids)[0, 0], wte(ids)[0, 2]))
#> True
print(torch.equal(x[0, 0], x[0, 2]))
#> False

# %% unlearned-rows
x.sum().backward()
print(wpe.weight.grad[:, 0])
#> tensor([2., 2., 2., 0., 0.])

# %% apart
torch.manual_seed(0)
words, positions = nn.Embedding(50, 768), nn.Embedding(20, 768)
tokens = torch.randint(50, (20,))
x = words(tokens) + positions(torch.arange(20))
nearest = (x @ words.weight.T).argmax(dim=1)
print(torch.equal(nearest, tokens))
#> True
nearest = (x @ positions.weight.T).argmax(dim=1)
print(torch.equal(nearest, torch.arange(20)))
#> True

# %% hand
from math import cos, pi, sin


def hand(p, w):
    return [round(cos(p * w), 4), round(sin(p * w), 4)]


print(f"{2 * pi:.2f} {7 * 2 * pi:.2f}")
#> 6.28 43.98
for p in (0, 1, 2, 44):
    print(p, hand(p, 1.0), hand(p, 0.1))
#> 0 [1.0, 0.0] [1.0, 0.0]
#> 1 [0.5403, 0.8415] [0.995, 0.0998]
#> 2 [-0.4161, 0.9093] [0.9801, 0.1987]
#> 44 [0.9998, 0.0177] [-0.3073, -0.9516]

# %% hands-figure
figure, dials = plt.subplots(1, 2, figsize=(4.2, 2.2))
for axes, w, shown in zip(dials, (1.0, 0.1), (range(8), (0, 7))):
    axes.add_patch(plt.Circle((0, 0), 1, fill=False, color="C5"))
    for p in range(8):
        x, y = hand(p, w)
        axes.plot([0, x], [0, y], color="C0")
        if p in shown:
            axes.text(1.2 * x, 1.2 * y, p, ha="center", va="center")
    axes.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
    axes.axis("off")

# %% sinusoids
def frequencies(d, base=10_000.0):
    return base ** -(torch.arange(0, d, 2) / d)


def sinusoids(n, d, base=10_000.0):
    angles = torch.arange(n).unsqueeze(1) * frequencies(d, base)  # (1)!
    hands = torch.stack((angles.sin(), angles.cos()), dim=-1)
    return hands.flatten(-2)  # (2)!


print(frequencies(4, base=100.0))
#> tensor([1.0000, 0.1000])
print(sinusoids(3, 4, base=100.0))
#> tensor([[ 0.0000,  1.0000,  0.0000,  1.0000],
#>         [ 0.8415,  0.5403,  0.0998,  0.9950],
#>         [ 0.9093, -0.4161,  0.1987,  0.9801]])

# %% sinusoid-figure
figure, axes = plt.subplots(figsize=(4.2, 2.6))
table = sinusoids(64, 32).T
axes.imshow(table.tolist(), aspect="auto", cmap="coolwarm")
axes.set_xlabel("$p$")
axes.set_ylabel("$j$", rotation=0, labelpad=10)

# %% sinusoid-dot
table = sinusoids(200, 64)
for p, q in ((5, 5), (3, 1), (10, 8), (102, 100)):
    print(p, q, f"{(table[p] @ table[q]).item():.2f}")
#> 5 5 32.00
#> 3 1 28.30
#> 10 8 28.30
#> 102 100 28.30
print(f"{frequencies(64).mul(2).cos().sum().item():.2f}")
#> 28.30
print(f"{2 * pi / frequencies(64)[-1].item():,.0f}")
#> 47,117

# %% quarter-turns
def turn(x, quarters):
    for _ in range(quarters):
        x = [-x[1], x[0]]
    return x


q, k = [1, 2], [2, 1]
print(turn(q, 1), turn(q, 2), turn(q, 3), turn(q, 4))
#> [-2, 1] [-1, -2] [2, -1] [1, 2]
for m, n in ((0, 0), (7, 7), (3, 1), (10, 8), (3, 2), (10, 9)):
    (a, b), (c, d) = turn(q, m), turn(k, n)
    print(m, n, a * c + b * d)
#> 0 0 4
#> 7 7 4
#> 3 1 -4
#> 10 8 -4
#> 3 2 -3
#> 10 9 -3

# %% rotate
def rotate(x, angle):
    c, s = cos(angle), sin(angle)
    return [x[0] * c - x[1] * s, x[0] * s + x[1] * c]


print([f"{value:.4f}" for value in rotate(q, 1)])
#> ['-1.1426', '1.9221']
for m, n in ((3, 1), (10, 8), (102, 100)):
    (a, b), (c, d) = rotate(q, m), rotate(k, n)
    print(m, n, f"{a * c + b * d:.4f}")
#> 3 1 -4.3925
#> 10 8 -4.3925
#> 102 100 -4.3925

# %% rotate-figure
figure, dials = plt.subplots(1, 2, figsize=(4.2, 2.2))
for axes, (m, n) in zip(dials, ((3, 1), (10, 8))):
    axes.add_patch(plt.Circle((0, 0), 5**0.5, fill=False, color="C5"))
    for vector, p, color in ((q, m, "C0"), (k, n, "C1")):
        x, y = rotate(vector, p)
        axes.plot([0, x], [0, y], color=color)
        axes.plot(x, y, "o", color=color)
        axes.text(1.3 * x, 1.3 * y, p, ha="center", va="center")
    axes.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal")
    axes.axis("off")

# %% rope
def rope(x, positions, base=10_000.0):
    angles = positions.unsqueeze(1) * frequencies(x.shape[-1], base)
    c, s = angles.cos(), angles.sin()
    a, b = x[..., 0::2], x[..., 1::2]  # (1)!
    turned = torch.stack((a * c - b * s, a * s + b * c), dim=-1)
    return turned.flatten(-2)


x = torch.tensor([[1.0, 2.0, 1.0, 2.0]]).expand(3, 4)  # (2)!
print(rope(x, torch.arange(3), base=100.0))
#> tensor([[ 1.0000,  2.0000,  1.0000,  2.0000],
#>         [-1.1426,  1.9221,  0.7953,  2.0898],
#>         [-2.2347,  0.0770,  0.5827,  2.1588]])

# %% rope-relative
torch.manual_seed(0)
q, k = torch.randn(64), torch.randn(64)
for m, n in ((3, 1), (10, 8), (102, 100)):
    turned = rope(torch.stack((q, k)), torch.tensor([m, n]))
    added = torch.stack((q + table[m], k + table[n]))
    products = [f"{(x[0] @ x[1]).item():.2f}" for x in (turned, added)]
    print(m, n, *products)
#> 3 1 -10.14 13.15
#> 10 8 -10.14 25.90
#> 102 100 -10.14 16.94

# %% rope-halves
def rope_halves(x, positions, base=10_000.0):
    angles = positions.unsqueeze(1) * frequencies(x.shape[-1], base)
    c, s = angles.cos(), angles.sin()
    a, b = x.chunk(2, dim=-1)  # (1)!
    return torch.cat((a * c - b * s, a * s + b * c), dim=-1)


x, positions = torch.randn(5, 64), torch.arange(5)
neighbours = rope(x, positions)
print(torch.allclose(neighbours, rope_halves(x, positions)))
#> False
order = torch.cat((torch.arange(0, 64, 2), torch.arange(1, 64, 2)))
halves = rope_halves(x[:, order], positions)
print(torch.allclose(neighbours[:, order], halves))
#> True

# %% tied
def tied(V, d, std):
    wte, head = nn.Embedding(V, d), nn.Linear(d, V, bias=False)
    nn.init.normal_(wte.weight, std=std)
    head.weight = wte.weight
    return nn.Sequential(wte, head)


model = tied(65, 64, 0.02)
print(sum(p.numel() for p in model.parameters()))
#> 4160
F.cross_entropy(model(torch.tensor([3])), torch.tensor([5])).backward()
rows = model[0].weight.grad.abs().sum(dim=1)
print((rows > 0).sum().item())
#> 65

# %% tied-loss
from math import log

torch.manual_seed(0)
ids = torch.randint(65, (1000,))
for std in (1.0, 0.02):
    model = tied(65, 64, std)
    loss = F.cross_entropy(model(ids[:-1]), ids[1:])
    print(std, f"{loss.item():.2f} {log(65):.2f}")
#> 1.0 63.48 4.17
#> 0.02 4.17 4.17

# %% solution-row
O = F.one_hot(torch.tensor([1, 1, 2]), num_classes=4).float()
G = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
print(O.T @ G)
#> tensor([[0., 0.],
#>         [4., 6.],
#>         [5., 6.],
#>         [0., 0.]])

# %% bug-axis
wte, wpe = nn.Embedding(7, 4), nn.Embedding(5, 4)


def embed(ids):
    return wte(ids) + wpe(torch.arange(len(ids)))


try:
    embed(torch.tensor([[1, 2, 1], [2, 1, 1]]))
except RuntimeError as error:
    print(error)
#> The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1
print(embed(torch.tensor([[1, 2, 1]])).shape)
#> torch.Size([1, 3, 4])

# %% solution-axis
x = embed(torch.tensor([[1, 2, 1]]))
print(torch.equal(x[0, 0], x[0, 2]))
#> True


def embed(ids):
    return wte(ids) + wpe(torch.arange(ids.shape[1]))


x = embed(torch.tensor([[1, 2, 1]]))
print(torch.equal(x[0, 0], x[0, 2]))
#> False

# %% solution-steps
moved(torch.optim.Adam, (3, 0, 1))
#> 3 [False, False, False, True]
#> 0 [True, False, False, True]
#> 1 [True, True, False, True]
moved(lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9), (3, 0, 1))
#> 3 [False, False, False, True]
#> 0 [True, False, False, True]
#> 1 [True, True, False, True]

# %% solution-precision
far = torch.tensor([254, 255, 256, 257, 258, 259, 260])
print(far.to(torch.bfloat16).to(torch.int64).tolist())
#> [254, 255, 256, 256, 258, 260, 260]

# %% solution-complex
def rope_complex(x, positions, base=10_000.0):
    angles = positions.unsqueeze(1) * frequencies(x.shape[-1], base)
    turns = torch.polar(torch.ones_like(angles), angles)
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2)


x, positions = torch.randn(5, 64), torch.arange(5)
print(torch.allclose(rope_complex(x, positions), rope(x, positions)))
#> True
