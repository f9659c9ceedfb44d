"""A language model in one table: counted, then learned."""

# %% texts
from pathlib import Path


def passage(language):
    file = Path(__file__).parent / "data" / f"verne.{language}.txt"
    text = file.read_text("utf-8").partition("\n\n")[2]
    return text.rstrip().rpartition("\n\n")[::2]


en, en_new = passage("en")
fr, fr_new = passage("fr")
for text, new in ((en, en_new), (fr, fr_new)):
    print(len(text), len(new), len(set(text)))
    print(*sorted(set(new) - set(text)))
#> 1790 715 47
#> 0 2 B C H J O S
#> 2051 717 54
#> 0 2 ; B G H ô û

# %% vocabulary
from math import exp, log

import torch
import torch.nn.functional as F

vocabulary = sorted(set(en + en_new + fr + fr_new))
number = {c: n for n, c in enumerate(vocabulary)}
V = len(vocabulary)


def encode(text):
    return torch.tensor([number[c] for c in text])


train, val = encode(en), encode(en_new)
print(V, f"{log(V):.4f}")
#> 70 4.2485

# %% counts
def count(ids):
    pairs = ids[:-1] * V + ids[1:]  # (1)!
    return torch.bincount(pairs, minlength=V * V).reshape(V, V)


N = count(train)
e, h, q, t, u = (number[c] for c in "ehqtu")
print(N.sum().item(), (N > 0).sum().item(), V * V)
#> 1789 317 4900
print(N[t, h].item(), N[t].sum().item())
#> 43 148
print(N[q, u].item(), N[q].sum().item())
#> 3 3

# %% probabilities
n_a = N.sum(dim=1, keepdim=True)
P = N / n_a
print(f"{P[t, h].item():.4f} {P[q, u].item():.4f}")
#> 0.2905 1.0000

# %% table-figure
import matplotlib.pyplot as plt

letters = " etaoinshrdlcu"
rows, places = encode(letters), range(len(letters))
areas = (180 * P[rows][:, rows]).flatten().tolist()
figure, axes = plt.subplots(figsize=(4.2, 4.2))
across = len(letters) * [*places]
down = [a for a in places for _ in places]
axes.scatter(across, down, areas, color="C0", marker="s")
axes.set_xticks(places, letters.replace(" ", "·"))
axes.set_yticks(places, letters.replace(" ", "·"))
axes.set(xlabel="$b$", ylabel="$a$")
axes.invert_yaxis()

# %% keepdim
counts = torch.tensor([[2, 2], [0, 3]])
good = counts / counts.sum(dim=1, keepdim=True)
bad = counts / counts.sum(dim=1)
print(good.sum(dim=1), bad.sum(dim=1))
#> tensor([1., 1.]) tensor([1.1667, 1.0000])
print(bad)
#> tensor([[0.5000, 0.6667],
#>         [0.0000, 1.0000]])

# %% best
for p in (0.6, 0.7, 0.75, 0.8, 0.9):
    print(p, f"{-(3 * log(p) + 1 * log(1 - p)) / 4:.4f}")
#> 0.6 0.6122
#> 0.7 0.5685
#> 0.75 0.5623
#> 0.8 0.5697
#> 0.9 0.6547

# %% likelihood
def loss(P, ids):
    return -P[ids[:-1], ids[1:]].log().mean().item()


frequency = torch.bincount(train, minlength=V) / len(train)
print(f"{log(V):.3f} {loss(frequency.expand(V, V), train):.3f}")
#> 4.248 2.973
print(f"{loss(P, train):.3f}")
#> 2.174

# %% entropy
entropy = torch.nan_to_num(P * (1 / P).log()).sum(dim=1)
print(f"{(n_a[:, 0] * entropy).sum().item() / n_a.sum().item():.3f}")
#> 2.174
print(f"{entropy[t].item():.2f} {entropy[q].item():.2f}")
#> 2.13 0.00

# %% unseen
new_pairs = N[val[:-1], val[1:]]
print((new_pairs == 0).sum().item(), len(new_pairs))
#> 75 714
print(loss(P, val), (n_a == 0).sum().item())
#> nan 23

# %% smooth
def smooth(N, alpha):
    M = N + alpha
    return M / M.sum(dim=1, keepdim=True)


for alpha in (1.0, 0.1, 0.01):
    P = smooth(N, alpha)
    print(alpha, f"{loss(P, train):.3f} {loss(P, val):.3f}")
#> 1.0 2.697 2.968
#> 0.1 2.280 2.753
#> 0.01 2.189 2.861

# %% choose
alphas = [10 ** (k / 10) for k in range(-40, 11)]
losses = [loss(smooth(N, alpha), val) for alpha in alphas]
best = alphas[losses.index(min(losses))]
print(f"{best:.2f} {min(losses):.3f} {exp(min(losses)):.1f}")
#> 0.10 2.753 15.7

# %% choose-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.plot(alphas, losses, color="C1")
known = [loss(smooth(N, alpha), train) for alpha in alphas]
axes.plot(alphas, known, color="C0")
axes.axhline(log(V), color="C2", linestyle="--")
axes.plot(best, min(losses), "o", color="C1")
axes.set_xscale("log")
axes.set_xlabel("$\\alpha$")
axes.set_ylabel("$L$")

# %% languages
models = {"en": N, "fr": count(encode(fr))}
news = {"en": val, "fr": encode(fr_new)}
for a in models:
    for b in news:
        L = loss(smooth(models[a], 0.1), news[b])
        print(a, b, f"{L:.2f} {exp(L):.1f} {L / log(2):.2f}")
#> en en 2.75 15.7 3.97
#> en fr 3.22 25.1 4.65
#> fr en 3.52 33.6 5.07
#> fr fr 2.73 15.3 3.93

# %% logits
x, y = train[:-1], train[1:]
W = torch.zeros(V, V, requires_grad=True)
first = F.cross_entropy(W[x], y)
print(f"{first.item():.4f} {log(V):.4f}")
#> 4.2485 4.2485

# %% gradient
first.backward()
by_hand = (n_a * torch.softmax(W.detach(), dim=1) - N) / len(x)
torch.testing.assert_close(W.grad, by_hand)
print(f"{W.grad[t, h].item():.4f} {by_hand[t, h].item():.4f}")
#> -0.0229 -0.0229
print(bool((W.grad.sum(dim=1).abs() < 1e-6).all()))
#> True

# %% descend rtol="1e-3"
def descend(steps, decay=0.0):
    W = torch.zeros(V, V)
    for _ in range(steps):
        P = torch.softmax(W, dim=1)
        W -= 50 * ((n_a * P - N) / len(x) + 2 * decay * W)  # (1)!
    return W


for steps in (10, 100, 1000):
    P = torch.softmax(descend(steps), dim=1)
    print(steps, f"{loss(P, train):.2f} {loss(P, val):.2f}")
#> 10 2.75 3.01
#> 100 2.26 2.77
#> 1000 2.18 2.91
print(f"{P[t, h].item():.2f}")
#> 0.29

# %% descend-figure rtol="1e-3"
steps = [2**k for k in range(11)]
learned = [torch.softmax(descend(k), dim=1) for k in steps]
figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.plot(steps, [loss(P, train) for P in learned], color="C0")
axes.plot(steps, [loss(P, val) for P in learned], color="C1")
axes.axhline(log(V), color="C2", linestyle="--")
axes.set_xscale("log")
axes.set_xlabel("$t$")
axes.set_ylabel("$L$")

# %% decay rtol="1e-3"
P = torch.softmax(descend(1000, decay=1e-4), dim=1)
print(f"{loss(P, train):.2f} {loss(P, val):.2f}")
#> 2.34 2.76

# %% write
def write(P, start, length):
    generator = torch.Generator(device="cpu").manual_seed(0)
    P, i, out = P.cpu(), number[start], start
    for _ in range(length):
        i = torch.multinomial(P[i], 1, generator=generator).item()
        out += vocabulary[i]
    return out


for language in ("en", "fr"):
    print(write(smooth(models[language], 0.001), "L", 60))
#> L«(eje me asita Mentarneresesecloby wexcag thid. s a pinth ch
#> Laneprume — itaus goprnes plie loblivex suségiet s perient ce
print(write(torch.full((V, V), 1 / V), "L", 60))
#> L«(OjOMB0ô—OiôJuMdg.)énÉw26lzeblmSyô-ex"susé«êdOï.T8EèiM6JNOS

# %% multinomial
for p in ([-0.5, 1.5], [0.0, 0.0], [1, 1]):
    try:
        torch.multinomial(torch.tensor(p, device="cpu"), 1)
    except RuntimeError as error:
        print(str(error).partition("\n")[0])
#> probability tensor contains either `inf`, `nan` or element < 0
#> invalid multinomial distribution (sum of probabilities <= 0)
#> multinomial only supports floating-point dtypes for input, got: Long
p = torch.tensor([0.0, 1.0], device="cpu")
print(torch.multinomial(p, 2))
#> tensor([1, 0])

# %% contexts
from collections import Counter


def contexts(text, n):
    return [(text[i - n : i], text[i]) for i in range(5, len(text))]


def table(n):
    pairs = Counter(contexts(en, n))
    return pairs, Counter(context for context, _ in contexts(en, n))

# %% context-loss
def context_loss(n, text, alpha=0.01):
    pairs, totals = table(n)
    p = [
        (pairs[context, c] + alpha) / (totals[context] + alpha * V)
        for context, c in contexts(text, n)
    ]
    return -sum(log(q) for q in p) / len(p)

# %% longer
fits, helds, known = [], [], []
for n in range(6):
    fits.append(context_loss(n, en))
    helds.append(context_loss(n, en_new))
    totals, new = table(n)[1], contexts(en_new, n)
    known.append(sum(c in totals for c, _ in new) / len(new))
    print(n, f"{fits[n]:.2f} {helds[n]:.2f} {known[n]:.2f}", end=" ")
    print(f"{len(totals):,} {V**n:,}")
#> 0 2.97 3.14 1.00 1 1
#> 1 2.19 2.86 0.98 47 70
#> 2 1.37 3.14 0.90 317 4,900
#> 3 0.82 3.48 0.61 883 343,000
#> 4 0.62 3.63 0.35 1,298 24,010,000
#> 5 0.58 3.92 0.22 1,492 1,680,700,000

# %% longer-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.bar(range(6), known, color="C2", alpha=0.4)
axes.plot(fits, color="C0", marker="o")
axes.plot(helds, color="C1", marker="o")
axes.set_xlabel("$n$")
axes.set_ylabel("$L$")

# %% solution-abbab
text = "abbab"
pairs, totals = Counter(zip(text, text[1:])), Counter(text[:-1])
print(dict(pairs), dict(totals))
#> {('a', 'b'): 2, ('b', 'b'): 1, ('b', 'a'): 1} {'a': 2, 'b': 2}
L = [-log(pairs[a, b] / totals[a]) for a, b in zip(text, text[1:])]
print(f"{sum(L) / len(L):.4f}")
#> 0.3466

# %% bug-transpose
W = descend(100)
print(list(W[x].shape), list(W.T[x].shape))
#> [1789, 70] [1789, 70]
print(f"{F.cross_entropy(W.T[x], y).item():.2f}")
#> 4.39

# %% solution-transpose
print(f"{F.cross_entropy(W[x], y).item():.2f}")
#> 2.26
print(f"{F.cross_entropy(W.T[y], x).item():.2f}")
#> 2.58

# %% solution-language
tables = [smooth(counted, 0.1) for counted in models.values()]
for text in ("The sea is all.", "La mer est tout.", "information"):
    losses = [loss(P, encode(text)) for P in tables]
    print(text, *(f"{L:.2f}" for L in losses))
#> The sea is all. 2.25 3.29
#> La mer est tout. 2.87 2.58
#> information 2.58 2.59

# %% solution-never
B = number["B"]
print(n_a[B].item(), bool((by_hand[B] == 0).all()))
#> 0 True
print(bool((descend(100)[B] == 0).all()))
#> True

# %% solution-interpolate
p1 = torch.bincount(train, minlength=V) + 0.01
p1, P2 = p1 / p1.sum(), smooth(N, 0.01)
for k in range(0, 11, 2):
    mixed = k / 10 * P2 + (1 - k / 10) * p1
    print(k / 10, f"{loss(mixed, val):.3f}")
#> 0.0 3.134
#> 0.2 2.905
#> 0.4 2.787
#> 0.6 2.717
#> 0.8 2.694
#> 1.0 2.861

# %% solution-test
half = len(val) // 2
choose, judge = val[:half], val[half:]
losses = [loss(smooth(N, alpha), choose) for alpha in alphas]
best = alphas[losses.index(min(losses))]
print(f"{best:.2f} {loss(smooth(N, best), judge):.3f}")
#> 0.13 2.742
print(f"{min(loss(smooth(N, alpha), judge) for alpha in alphas):.3f}")
#> 2.741
