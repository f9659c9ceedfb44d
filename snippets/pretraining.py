"""Predicting the next token, the objective of pre-training."""

# %% sentence
sentence = "errare humanum est perseverare diabolicum"
words = sentence.split()
for i in range(1, len(words)):
    print(" ".join(words[:i]), "→", words[i])
#> errare → humanum
#> errare humanum → est
#> errare humanum est → perseverare
#> errare humanum est perseverare → diabolicum

# %% tune
tune = (
    "C D E C C D E C E F G E F G "
    "G A G F E C G A G F E C C g C C g C"
).split()
vocabulary = sorted(set(tune))
print(len(tune), len(vocabulary))
#> 32 7
print(vocabulary)
#> ['A', 'C', 'D', 'E', 'F', 'G', 'g']

# %% encode
number = {token: n for n, token in enumerate(vocabulary)}
ids = [number[token] for token in tune]
print(ids[:8])
#> [1, 2, 3, 1, 1, 2, 3, 1]
print(" ".join(vocabulary[n] for n in ids[:8]))
#> C D E C C D E C

# %% shift
inputs, targets = tune[:-1], tune[1:]
print(inputs[:6])
#> ['C', 'D', 'E', 'C', 'C', 'D']
print(targets[:6])
#> ['D', 'E', 'C', 'C', 'D', 'E']
print(len(inputs))
#> 31

# %% shift-figure
import matplotlib.pyplot as plt

figure, axis = plt.subplots(figsize=(5, 1.7))
for k, (token, following) in enumerate(zip(inputs[:8], targets[:8])):
    box = {"boxstyle": "square,pad=0.4", "fc": "none"}
    style = {"ha": "center", "va": "center"}
    axis.text(k, 1, token, bbox={**box, "ec": "C0"}, **style)
    axis.text(k, 0, following, bbox={**box, "ec": "C1"}, **style)
    arrow = {"arrowstyle": "->", "ec": "C5"}
    axis.annotate("", (k, 0.28), (k, 0.72), arrowprops=arrow)
    if k < 7:
        dotted = {"arrowstyle": "-", "ls": ":", "ec": "C2"}
        end = (k + 0.8, 0.8)
        axis.annotate("", (k + 0.2, 0.2), end, arrowprops=dotted)
axis.set(xlim=(-0.6, 7.6), ylim=(-0.4, 1.4))
axis.axis("off")

# %% surprise
from math import exp, log

for p in (1.0, 0.5, 0.1, 0.01):
    print(p, f"{log(1 / p):.4f}")
#> 1.0 0.0000
#> 0.5 0.6931
#> 0.1 2.3026
#> 0.01 4.6052

# %% surprise-figure
p = [i / 200 for i in range(1, 201)]
figure, axes = plt.subplots()
axes.plot(p, [-log(q) for q in p], color="C0")
axes.set_xlabel("p")
axes.set_ylabel("$-\\ln\\, p$")
axes.set_xlim(0, 1.02)
axes.set_ylim(bottom=0)

# %% uniform
print(f"{log(len(vocabulary)):.4f}")
#> 1.9459
print(f"{log(50257):.4f}")
#> 10.8249

# %% counts
from collections import Counter

after = {token: Counter() for token in vocabulary}
for token, following in zip(inputs, targets):
    after[token][following] += 1
print(after["C"])
#> Counter({'C': 3, 'D': 2, 'g': 2, 'E': 1, 'G': 1})

# %% count-table
print(" ", *vocabulary)
#>   A C D E F G g
for token in vocabulary:
    print(token, *(after[token][following] for following in vocabulary))
#> A 0 0 0 0 0 2 0
#> C 0 3 2 1 0 1 2
#> D 0 0 0 2 0 0 0
#> E 0 4 0 0 2 0 0
#> F 0 0 0 2 0 2 0
#> G 2 0 0 1 2 1 0
#> g 0 2 0 0 0 0 0

# %% probabilities
def probability(following, token):
    return after[token][following] / after[token].total()


for following in vocabulary:
    print(following, f"{probability(following, 'C'):.4f}")
#> A 0.0000
#> C 0.3333
#> D 0.2222
#> E 0.1111
#> F 0.0000
#> G 0.1111
#> g 0.2222

# %% probability-figure
figure, axes = plt.subplots()
bars = [probability(following, "C") for following in vocabulary]
axes.bar(vocabulary, bars, color="C0")
axes.axhline(1 / len(vocabulary), color="C1", linestyle="--")
axes.set_ylabel("p")

# %% model-loss
pairs = list(zip(inputs, targets))
loss = sum(-log(probability(b, a)) for a, b in pairs) / len(pairs)
print(f"{loss:.4f}")
#> 0.9121

# %% perplexity
print(f"{exp(loss):.2f} {exp(log(len(vocabulary))):.2f}")
#> 2.49 7.00

# %% never-seen
try:
    log(probability("A", "C"))
except ValueError as error:
    print(type(error).__name__)
#> ValueError

# %% smoothing
def smoothed(following, token):
    seen = after[token]
    return (seen[following] + 1) / (seen.total() + len(vocabulary))


print(f"{smoothed('A', 'C'):.4f} {smoothed('D', 'C'):.4f}")
#> 0.0625 0.1875
print(f"{sum(smoothed(t, 'C') for t in vocabulary):.1f}")
#> 1.0

# %% product
from math import prod

p = [probability(b, a) for a, b in pairs]
print([f"{q:.2f}" for q in p[:5]])
#> ['0.22', '1.00', '0.67', '0.33', '0.22']
print(f"{prod(p):.1e} {exp(-len(pairs) * loss):.1e}")
#> 5.2e-13 5.2e-13
print(0.4**1024)
#> 0.0

# %% likelihood
def likelihood(q):
    return q**3 * (1 - q) ** 6


for q in (0.2, 1 / 3, 0.5):
    print(f"{q:.2f} {likelihood(q):.5f} {-log(likelihood(q)) / 9:.4f}")
#> 0.20 0.00210 0.6852
#> 0.33 0.00325 0.6365
#> 0.50 0.00195 0.6931

# %% likelihood-figure
q = [i / 200 for i in range(4, 181)]
figure, (upper, lower) = plt.subplots(2, 1, figsize=(3.6, 4.8))
upper.plot(q, [likelihood(r) for r in q], color="C0")
lower.plot(q, [-log(likelihood(r)) / 9 for r in q], color="C1")
upper.set_ylabel("P")
lower.set_ylabel("L", rotation=0, labelpad=10)
for axes in (upper, lower):
    axes.axvline(1 / 3, color="C5", linestyle="--", linewidth=1)
    axes.set_xlabel("q")
figure.tight_layout()

# %% generate
import random

random.seed(0)
token, song = "C", ["C"]
for _ in range(11):
    weights = [probability(t, token) for t in vocabulary]
    (token,) = random.choices(vocabulary, weights)
    song.append(token)
print(" ".join(song))
#> C g C D E C D E C D E F

# %% temperature
def cooled(token, temperature):
    p = [probability(t, token) ** (1 / temperature) for t in vocabulary]
    total = sum(p)
    return [q / total for q in p]


for temperature in (0.5, 1.0, 2.0):
    print(temperature, [f"{q:.2f}" for q in cooled("C", temperature)])
#> 0.5 ['0.00', '0.47', '0.21', '0.05', '0.00', '0.05', '0.21']
#> 1.0 ['0.00', '0.33', '0.22', '0.11', '0.00', '0.11', '0.22']
#> 2.0 ['0.00', '0.26', '0.22', '0.15', '0.00', '0.15', '0.22']

# %% softmax
powers = [exp(score) for score in (2, 1, 0)]
total = sum(powers)
print([f"{power:.2f}" for power in powers], f"{total:.2f}")
#> ['7.39', '2.72', '1.00'] 11.11
print([f"{power / total:.2f}" for power in powers])
#> ['0.67', '0.24', '0.09']

# %% table
import torch
import torch.nn.functional as F

x = torch.tensor(ids[:-1])
y = torch.tensor(ids[1:])
scores = torch.zeros(7, 7, requires_grad=True)  # (1)!
loss = F.cross_entropy(scores[x], y)
print(scores[x].shape, y.shape)
#> torch.Size([31, 7]) torch.Size([31])
print(f"{loss.item():.4f}")
#> 1.9459

# %% pretrain rtol="1e-3"
def train(scores, x, y, steps):
    for _ in range(steps):
        scores.grad = None
        loss = F.cross_entropy(scores[x], y)
        loss.backward()
        with torch.no_grad():
            scores -= 5.0 * scores.grad
    return loss.item()


print(f"{train(scores, x, y, 500):.2f}")
#> 0.92

# %% learned
p = torch.softmax(scores[number["C"]], dim=0)
print([f"{q:.1f}" for q in p.tolist()])
#> ['0.0', '0.3', '0.2', '0.1', '0.0', '0.1', '0.2']

# %% new-tune rtol="1e-3"
other = "C C C D E D C E D D C".split()
x2 = torch.tensor([number[t] for t in other[:-1]])
y2 = torch.tensor([number[t] for t in other[1:]])
with torch.no_grad():
    print(f"{F.cross_entropy(scores[x2], y2).item():.1f}")
#> 4.2

# %% fine-tune rtol="1e-3"
print(f"{train(scores, x2, y2, 500):.1f}")
#> 0.8
with torch.no_grad():
    print(f"{F.cross_entropy(scores[x], y).item():.1f}")
#> 2.8

# %% solution-block
block = ids[8:13]
print(block[:-1])
#> [3, 4, 5, 3]
print(block[1:])
#> [4, 5, 3, 4]

# %% solution-die
print(f"{exp(-log(1 / 6)):.1f}")
#> 6.0

# %% solution-two
after_two = {}
for a, b, c in zip(tune, tune[1:], tune[2:]):
    after_two.setdefault((a, b), Counter())[c] += 1
loss = 0.0
for a, b, c in zip(tune, tune[1:], tune[2:]):
    seen = after_two[a, b]
    loss -= log(seen[c] / seen.total()) / (len(tune) - 2)
print(f"{loss:.4f}")
#> 0.2485

# %% bug-shift
same = torch.zeros(7, 7, requires_grad=True)
print(f"{train(same, x, x, 500):.2f}")
#> 0.00

# %% solution-greedy
token, song = "C", ["C"]
for _ in range(11):
    token = max(vocabulary, key=lambda t: probability(t, token))
    song.append(token)
print(" ".join(song))
#> C C C C C C C C C C C C
