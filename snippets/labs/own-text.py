"""A tokenizer and a small GPT, trained on a text of your own, and the curve of its losses."""

# %% [markdown] lang="fr"
# # Un modèle de votre texte
#
# Les chapitres ont entraîné leurs modèles sur Jules Verne. Ce TP prend le texte que vous voulez :
# vos lettres, un livre de recettes, le code d’un projet. Il entraîne un segmenteur, puis un petit
# GPT, et trace la courbe de ses pertes. C’est elle qui nous intéresse : de quelle hauteur
# part-elle, où fallait-il s’arrêter, et qu’est-ce que le modèle sait par cœur à la fin ?
#
# !!! abstract "Objectifs"
#
#     À la fin de ce TP, vous saurez :
#
#     - entraîner un segmenteur et un GPT sur un texte à vous ;
#     - juger une perte d’après $\ln V$, et d’après celle de qui ne fait que compter ;
#     - trouver sur une courbe le pas où s’arrêter, et vous y arrêter sans connaître la suite ;
#     - mesurer ce qu’un modèle récite ;
#     - comparer deux modèles dont les vocabulaires diffèrent.
#
#     Il faut avoir lu [Les jetons](../tokens.md), [Apprendre à partir d’exemples](../learning.md)
#     et [Le modèle entier](../gpt.md).
#
# ## Quel texte ? {#text}
#
# Sur cette page, c’est le début de *Vingt mille lieues sous les mers*, en anglais. Pour que le
# notebook lise le vôtre, enregistrez-le en texte brut, en UTF-8, dans le dossier `data` à côté du
# notebook, et mettez son nom à la place du nôtre. Il lui faut quelques milliers de caractères au
# moins. Écrit dans une seule langue et sans balises, il s’apprend mieux : un petit modèle perd son
# temps à ce qui n’est pas du texte.

# %% [markdown] lang="en"
# # A model of your own text
#
# The chapters trained their models on Jules Verne. This lab takes whatever text you like: your
# letters, a book of recipes, the code of a project. It trains a tokenizer, then a small GPT, and
# draws the curve of its losses. The curve is what we are after: from what height does it start,
# where should one have stopped, and what does the model know by heart at the end?
#
# !!! abstract "Goals"
#
#     By the end of this lab, you will be able to:
#
#     - train a tokenizer and a GPT on a text of your own;
#     - judge a loss by $\ln V$, and by that of someone who only counts;
#     - find on a curve the step at which to stop, and stop there without knowing what comes after;
#     - measure what a model recites;
#     - compare two models whose vocabularies differ.
#
#     You should have read [Tokens](../tokens.md), [Learning from examples](../learning.md) and [The
#     whole model](../gpt.md).
#
# ## Which text? {#text}
#
# On this page, it is the opening of *Twenty Thousand Leagues under the Sea*, in English. To have
# the notebook read yours, save it as plain text, in UTF-8, in the folder `data` beside the
# notebook, and write its name instead of ours. It needs at least a few thousand characters. A text
# in one language and without markup is learned better: a small model wastes its time on what is
# not text.

# %% text
from pathlib import Path

FILE, SIZE = "verne-long.en.txt", 10_000  # (1)!
text = (Path(__file__).parents[1] / "data" / FILE).read_text("utf-8")
if text.startswith("#"):  # (2)!
    text = text.partition("\n\n")[2]
text = text[:SIZE]
cut = len(text) * 9 // 10
text, text_new = text[:cut], text[cut:]
print(len(text), len(text_new))
#> 9000 1000

# %% [markdown] lang="fr"
# 1.  `SIZE` garde le TP court. Une fois que tout marche, augmentez-le.
# 2.  Les lignes marquées d’un `#` disent l’origine. Si chez vous c’est du texte, ôtez ces deux-ci.
#
# Le modèle apprendra des 9 000 premiers caractères. Le dernier dixième est mis de côté : il ne sert
# qu’à mesurer, et à choisir où s’arrêter.
#
# ## Quels sont ses jetons ? {#tokens}
#
# Le segmenteur est celui que vous avez écrit dans [Les jetons](../tokens.md#train), mot pour mot.

# %% [markdown] lang="en"
# 1.  `SIZE` keeps the lab short. Once everything runs, raise it.
# 2.  The lines marked by `#` give the origin. If yours begin like that and are text, take these out.
#
# The model will learn from the first 9,000 characters. The last tenth is put aside: it serves for
# measuring only, and for choosing where to stop.
#
# ## What are its tokens? {#tokens}
#
# The tokenizer is the one that you wrote in [Tokens](../tokens.md#train), word for word.

# %% tokenizer-train
import re
from collections import Counter

SPLIT = re.compile(r" ?\w+| ?[^\w\s]+|\s+")


def merge(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def count_pairs(parts, times):
    pairs = Counter()
    for chunk, ids in parts.items():
        for pair in zip(ids, ids[1:]):
            pairs[pair] += times[chunk]
    return pairs


def train(text, count):
    times = Counter(SPLIT.findall(text))
    parts = {chunk: list(chunk.encode("utf-8")) for chunk in times}
    merges = {}
    for new in range(256, 256 + count):
        pairs = count_pairs(parts, times)
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges[best] = new
        parts = {c: merge(ids, best, new) for c, ids in parts.items()}
    return merges

# %% tokenizer-use
def vocabulary(merges):
    vocab = {n: bytes([n]) for n in range(256)}
    for (a, b), new in merges.items():
        vocab[new] = vocab[a] + vocab[b]
    return vocab


def encode(text, merges):
    ids = []
    for chunk in SPLIT.findall(text):
        part = list(chunk.encode("utf-8"))
        for pair, new in merges.items():
            part = merge(part, pair, new)
        ids += part
    return ids


def decode(ids, vocab, errors="strict"):
    return b"".join(vocab[n] for n in ids).decode("utf-8", errors)

# %% [markdown] lang="fr"
# Apprenons-lui 256 fusions, sur la première partie seulement : ce qui est mis de côté doit être
# nouveau pour lui aussi. Quelle sera la taille $V$ du vocabulaire, et combien de jetons feront les
# 9 000 caractères ?

# %% [markdown] lang="en"
# Let it learn 256 merges, from the first part only: what is put aside must be new to it as well.
# How large will the vocabulary, $V$, be, and how many tokens will the 9,000 characters make?

# %% ids
import torch

merges = train(text, 256)
vocab = vocabulary(merges)
V = len(vocab)
ids = torch.tensor(encode(text, merges))
ids_new = torch.tensor(encode(text_new, merges))
print(V, len(ids), len(ids_new))
#> 512 3889 467

# %% [markdown] lang="fr"
# Les octets et les fusions font $V = 256 + 256 = 512$ jetons. Un jeton tient lieu de
# $9\,000 / 3\,889 \approx 2{,}3$ caractères en moyenne. Les plus longs font le portrait du texte.
# Devinez-en quelques-uns avant de les afficher.

# %% [markdown] lang="en"
# The bytes and the merges make $V = 256 + 256 = 512$ tokens. A token stands for
# $9{,}000 / 3{,}889 \approx 2.3$ characters on average. The longest ones are a portrait of the
# text. Guess a few of them before you print them.

# %% longest
longest = sorted(vocab.values(), key=len, reverse=True)  # (1)!
print([token.decode("utf-8", "replace") for token in longest[:8]])
#> [' question', ' hundred', ' Company', ' Scotia', ' length', ' which', ' three', ' could']

# %% [markdown] lang="fr"
# 1.  À longueur égale, `sorted` garde l’ordre : les fusions apprises d’abord viennent d’abord.
#
# Des mots courants, et un nom propre : le *Scotia* est un navire du roman. Dans votre texte,
# attendez-vous à des prénoms, à des formules de politesse ou à des mots-clés.
#
# ## Que dit ln V ? {#ln-v}
#
# Le modèle est celui du chapitre [Le modèle entier](../gpt.md#model), en petit, avec les mêmes
# classes.

# %% [markdown] lang="en"
# 1.  Among equals, `sorted` keeps the order: merges learned first come first.
#
# Common words, and a name: the *Scotia* is a ship of the novel. In your text, expect first names,
# words of courtesy, or keywords.
#
# ## What does ln V say? {#ln-v}
#
# The model is that of the chapter [The whole model](../gpt.md#model), made small, with the same
# classes.

# %% libraries
from math import log

import torch.nn.functional as F
from torch import nn

# %% attention
class Attention(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["emb_dim"]
        self.n_heads, self.drop_rate = cfg["n_heads"], cfg["drop_rate"]
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)

    def forward(self, x):  # (1)!
        B, T, d = x.shape
        heads = self.qkv(x).view(B, T, 3, self.n_heads, -1)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        p = self.drop_rate if self.training else 0.0
        y = F.scaled_dot_product_attention(
            q, k, v, dropout_p=p, is_causal=True
        )
        return self.out(y.transpose(1, 2).reshape(B, T, d))

# %% [markdown] lang="fr"
# 1.  `[B, T, 3d]` devient trois tenseurs `[B, heads, T, d / heads]`.

# %% [markdown] lang="en"
# 1.  `[B, T, 3d]` becomes three tensors `[B, heads, T, d / heads]`.

# %% block
class MLP(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["emb_dim"]
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        return self.down(F.gelu(self.up(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["emb_dim"]
        self.ln_1, self.attn = nn.LayerNorm(d), Attention(cfg)
        self.ln_2, self.mlp = nn.LayerNorm(d), MLP(cfg)
        self.drop = nn.Dropout(cfg["drop_rate"])

    def forward(self, x):
        x = x + self.drop(self.attn(self.ln_1(x)))
        return x + self.drop(self.mlp(self.ln_2(x)))

# %% model
class GPT(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        V, d = cfg["vocab_size"], cfg["emb_dim"]
        self.wte = nn.Embedding(V, d)
        self.wpe = nn.Embedding(cfg["context_length"], d)
        self.drop = nn.Dropout(cfg["drop_rate"])
        blocks = [Block(cfg) for _ in range(cfg["n_layers"])]
        self.blocks = nn.ModuleList(blocks)
        self.ln_f = nn.LayerNorm(d)
        self.head = nn.Linear(d, V, bias=False)
        self.head.weight = self.wte.weight  # (1)!

    def forward(self, ids):
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.drop(self.wte(ids) + self.wpe(places))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))

# %% [markdown] lang="fr"
# 1.  Une seule table pour l’entrée et pour la sortie.
#
# Voici sa configuration, pour des fenêtres de $T = 32$ jetons :

# %% [markdown] lang="en"
# 1.  One table for the input and the output.
#
# Here is its configuration, for windows of $T = 32$ tokens:

# %% make
T = 32
cfg = {"vocab_size": V, "context_length": T, "emb_dim": 64}
cfg |= {"n_heads": 4, "n_layers": 2, "drop_rate": 0.0}


def make(cfg):
    torch.manual_seed(0)
    model = GPT(cfg)
    for p in model.parameters():
        if p.ndim == 2:
            nn.init.normal_(p, std=0.1)  # (1)!
    return model

# %% [markdown] lang="fr"
# 1.  [L’écart type de GPT-2](../gpt.md#initialisation), plus petit, est fait pour des vecteurs de
#     768 nombres. Avec 64, la perte [descendrait plus lentement](../training.md#first-loss).
#
# Une fonction mesure la perte moyenne sur un texte, coupé en fenêtres.

# %% [markdown] lang="en"
# 1.  [GPT-2’s standard deviation](../gpt.md#initialisation), a smaller one, is meant for vectors of
#     768 numbers. With 64, the loss [would fall more slowly](../training.md#first-loss).
#
# A function measures the mean loss over a text, cut into windows.

# %% measure
def loss_of(model, windows):
    logits = model(windows[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())


def measure(model, ids):
    model.eval()
    with torch.no_grad():
        loss = loss_of(model, ids.unfold(0, T + 1, T))  # (1)!
    model.train()
    return loss.item()

# %% [markdown] lang="fr"
# 1.  Une fenêtre commence par le dernier jeton de celle d’avant. Chaque jeton est donc prédit une
#     fois, sauf le premier, et quelques-uns à la fin qui ne remplissent pas de fenêtre.
#
# Combien ce modèle a-t-il de paramètres, et quelle sera sa perte avant tout entraînement, à côté de
# $\ln V$ ?

# %% [markdown] lang="en"
# 1.  A window starts with the last token of the one before. So each token is predicted once, except
#     the first, and a few at the end that do not fill a window.
#
# How many parameters does this model have, and what will its loss be before any training, beside
# $\ln V$?

# %% first-loss
model = make(cfg)
print(f"{sum(p.numel() for p in model.parameters()):,}")
#> 134,912
print(f"{log(V):.2f} {measure(model, ids_new):.1f}")
#> 6.24 6.6

# %% [markdown] lang="fr"
# Le compte se refait à la main, comme celui [de GPT-2](../gpt.md#count) :
#
# $$512 \times 64 + 32 \times 64 + 2 \times (12 \times 64^2 + 13 \times 64) + 2 \times 64 = 134\,912$$
#
# La perte est un peu au-dessus de $\ln V$, celle de qui donne la même probabilité à tous les
# jetons : les scores tirés au hasard ne sont pas égaux, et toute différence qui ne veut rien dire
# coûte. Sur votre texte, $V$ peut être plus petit, si les paires viennent à manquer. Vérifiez
# ceci :
#
# - une perte bien plus haute que $\ln V$ dit que les valeurs initiales sont trop grandes ;
# - une perte bien plus basse, avant tout entraînement, dit que le modèle voit la réponse, ou que la
#   moyenne est mal faite.
#
# Mais $\ln V$ est une barre basse. Qui ne saurait que compter, et donnerait à chaque jeton sa
# fréquence (un de plus à chaque effectif, pour que [rien ne soit
# impossible](../pretraining.md#count-model)), où arriverait-il sur le texte mis de côté ?

# %% [markdown] lang="en"
# The count can be done by hand, like that [of GPT-2](../gpt.md#count):
#
# $$512 \times 64 + 32 \times 64 + 2 \times (12 \times 64^2 + 13 \times 64) + 2 \times 64 = 134{,}912$$
#
# The loss is a little above $\ln V$, that of someone who gives all tokens the same probability:
# scores drawn at random are not equal, and any difference that means nothing costs something. On
# your text, $V$ may be smaller, if pairs run out. Check this:
#
# - a loss far above $\ln V$ says that the initial values are too large;
# - a loss far below it, before any training, says that the model sees the answer, or that the mean
#   is wrong.
#
# But $\ln V$ is a low bar. Imagine someone who can only count, and gives each token its frequency
# (with one added to each count, so that [nothing is impossible](../pretraining.md#count-model)).
# Where will they get to on the text put aside?

# %% counting
def count_loss(ids, ids_new):
    counts = Counter(ids.tolist())
    p = [(counts[n] + 1) / (len(ids) + V) for n in ids_new.tolist()]
    return -sum(log(q) for q in p) / len(p)


counted = count_loss(ids, ids_new)
print(f"{counted:.2f}")
#> 5.31

# %% [markdown] lang="fr"
# À 5,31, sans regarder un seul jeton d’avant. Un modèle qui lit ne mérite son nom qu’en dessous.
#
# ## Lire la courbe {#curve}
#
# La boucle est celle d’[Apprendre à partir d’exemples](../learning.md#loop), sur des fenêtres
# prises au hasard. Tous les vingt pas, elle mesure les deux pertes, et garde les paramètres si la
# seconde n’a jamais été aussi basse.

# %% [markdown] lang="en"
# At 5.31, without a look at any token before. A model that reads deserves its name only below that.
#
# ## Read the curve {#curve}
#
# The loop is that of [Learning from examples](../learning.md#loop), on windows taken at random.
# Every twenty steps it measures both losses, and keeps the parameters if the second has never been
# so low.

# %% fit
def fit(model, ids, ids_new, steps):
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(1)
    curve, best = [], None
    for step in range(steps + 1):
        if step % 20 == 0:  # (1)!
            curve.append((measure(model, ids), measure(model, ids_new)))
            if curve[-1][1] == min(new for _, new in curve):
                state = model.state_dict()
                best = {name: t.clone() for name, t in state.items()}
        optimizer.zero_grad()
        loss_of(model, draw(ids, generator)).backward()
        optimizer.step()
    return curve, best


def draw(ids, generator):  # (2)!
    size = (16, 1)
    i = torch.randint(len(ids) - T, size, generator=generator, device="cpu")
    return ids[i.to(ids.device) + torch.arange(T + 1)]

# %% [markdown] lang="fr"
# 1.  Sans `clone`, les tenseurs gardés seraient ceux du modèle, et suivraient l’entraînement.
# 2.  Seize fenêtres, dont les positions sont tirées sur le processeur : elles sont donc les mêmes
#     sur tous les périphériques.
#
# En 400 pas, le modèle lit le texte $400 \times 16 \times 32 / 3\,889 \approx 53$ fois. Que
# deviendront les deux pertes, à côté de 6,24 et de 5,31 ? Le pas, la perte sur le texte appris, la
# perte sur le texte mis de côté :

# %% [markdown] lang="en"
# 1.  Without `clone`, the tensors kept would be those of the model, and follow the training.
# 2.  Sixteen windows, whose positions are drawn on the processor, so that they are the same on
#     every device.
#
# In 400 steps, the model reads the text $400 \times 16 \times 32 / 3{,}889 \approx 53$ times. What
# will become of the two losses, beside 6.24 and 5.31? The step, the loss on the text learned from,
# the loss on the text put aside:

# %% curve rtol="1e-2"
curve, best = fit(model, ids, ids_new, 400)
for n in (0, 2, 4, 6, 8, 10, 15, 20):
    loss, loss_new = curve[n]
    print(20 * n, f"{loss:.1f} {loss_new:.1f}")
#> 0 6.5 6.6
#> 40 5.2 5.3
#> 80 4.5 5.1
#> 120 3.6 4.9
#> 160 2.8 5.0
#> 200 2.1 5.3
#> 300 0.9 6.3
#> 400 0.5 6.7

# %% [markdown] lang="fr"
# ![Deux courbes de la perte L en fonction du pas t, de 0 à 400. Toutes deux partent un peu
# au-dessus d’une ligne horizontale en tirets, à 6,24. La bleue descend sans cesse, jusqu’à 0,5.
# L’orange descend moins, passe sous une ligne en pointillé, à 5,31, atteint son plus bas, 4,9, au
# pas 120, puis remonte, repasse les deux lignes et finit à 6,7.](curve-figure "Le code de la
# figure") Bleu : la perte sur le texte appris ; orange : sur le texte mis de côté. Tirets : ln V.
# Pointillé : ce qu’obtient qui ne fait que compter.

# %% [markdown] lang="en"
# ![Two curves of the loss L against the step t, from 0 to 400. Both start a little above a dashed
# horizontal line, at 6.24. The blue one falls all the way, to 0.5. The orange one falls less,
# passes below a dotted line, at 5.31, reaches its lowest, 4.9, at step 120, then climbs, crosses
# both lines again, and ends at 6.7.](curve-figure "The code of the figure") Blue: the loss on the
# text learned from; orange: on the text put aside. Dashed: ln V. Dotted: what someone gets who only
# counts.

# %% curve-figure
import matplotlib.pyplot as plt

steps = range(0, 401, 20)
figure, axes = plt.subplots(figsize=(4.2, 2.8))
for n, colour in ((0, "C0"), (1, "C1")):
    losses = [round(pair[n], 2) for pair in curve]
    axes.plot(steps, losses, color=colour)
axes.axhline(log(V), color="C2", linestyle="--")
axes.axhline(counted, color="C3", linestyle=":")
axes.set_xlabel("$t$")
axes.set_ylabel("$L$")
axes.set_ylim(0)

# %% [markdown] lang="fr"
# La courbe se lit en quatre temps.
#
# - **Jusqu’au pas 40**, les deux pertes descendent ensemble jusqu’à la ligne de celui qui compte.
#   Le modèle apprend quels jetons sont fréquents, ce qui vaut pour tout texte du même auteur.
# - **Jusqu’au pas 120**, elles descendent toutes deux, la première plus vite. Ce que le modèle
#   apprend sert encore ailleurs, mais de moins en moins.
# - **Ensuite**, la première descend toujours et la seconde remonte : c’est le
#   [surapprentissage](../learning.md#validation).
# - **Au pas 300**, la seconde est repassée au-dessus de $\ln V$. Sur des phrases nouvelles, le
#   modèle fait moins bien qu’un modèle qui ne sait rien : il est sûr de lui, et il a tort.
#
# ## Quand s’arrêter ? {#stop}
#
# Avec toute la courbe sous les yeux, au pas 120. Mais pendant l’entraînement, on n’a pas la suite.
# Une règle courante de l’[arrêt précoce](../learning.md#validation) : s’arrêter quand la perte mise
# de côté n’a pas fait mieux pendant quelques mesures d’affilée, et reprendre les paramètres gardés.
# Ce nombre de mesures est la **patience** de la règle. Trop petite, elle s’arrête au premier
# cahot ; trop grande, elle fait des pas pour rien. Avec trois mesures, à quel pas s’arrête-t-on, et
# à quel pas revient-on ?

# %% [markdown] lang="en"
# The curve is read in four stages.
#
# - **Up to step 40**, both losses fall together, down to the line of the one who counts. The model
#   learns which tokens are frequent, which holds for any text of the same author.
# - **Up to step 120**, both fall, the first one faster. What the model learns still serves
#   elsewhere, but less and less.
# - **After that**, the first goes on falling and the second climbs: this is
#   [overfitting](../learning.md#validation).
# - **At step 300**, the second is above $\ln V$ again. On new sentences, the model does worse than
#   someone who knows nothing: it is sure of itself, and it is wrong.
#
# ## When to stop? {#stop}
#
# With the whole curve before one’s eyes, at step 120. But during training one does not have the
# rest. A common rule of [early stopping](../learning.md#validation): stop when the loss on what was
# put aside has not improved for a few measurements in a row, and go back to the parameters kept.
# That number of measurements is the **patience** of the rule. If it is too small, the rule stops at
# the first jolt; if it is too large, steps are made for nothing. With three measurements, at which
# step does one stop, and to which does one go back?

# %% stop
def stop(losses, patience=3):
    for n in range(len(losses)):
        best = min(range(n + 1), key=lambda i: losses[i])
        if n - best == patience:
            break
    return 20 * n, 20 * best


print(*stop([loss_new for _, loss_new in curve]))
#> 180 120

# %% [markdown] lang="fr"
# On s’arrête au pas 180 et l’on revient au pas 120 : les 220 derniers pas étaient de trop, puisque
# $400 - 180 = 220$.
#
# Et 4,9, est-ce bon ? On ne peut pas le dire à côté d’un autre segmenteur : plus un jeton est long,
# plus il est difficile à deviner, et moins il en faut. Ce qui ne dépend pas du découpage, c’est le
# texte. On rapporte donc la perte de tous ses jetons à ses octets, et, en divisant par $\ln 2$, on
# l’exprime en bits. Pour une perte $L$ par jeton, $n$ jetons et $b$ octets :
#
# $$
# \frac{L\,n}{b \ln 2}
# $$
#
# Combien de bits par octet pour $\ln V$, pour qui compte, et pour le modèle au pas 120 ?

# %% [markdown] lang="en"
# One stops at step 180 and goes back to step 120: the last 220 steps were too many, since
# $400 - 180 = 220$.
#
# And is 4.9 good? One cannot tell beside another tokenizer: the longer a token is, the harder it is
# to guess, and the fewer it takes. What does not depend on the cutting is the text. So one divides
# the loss of all its tokens by its bytes and, dividing by $\ln 2$, expresses it in bits. For a loss
# $L$ a token, $n$ tokens and $b$ bytes:
#
# $$
# \frac{L\,n}{b \ln 2}
# $$
#
# How many bits a byte for $\ln V$, for the one who counts, and for the model at step 120?

# %% bits rtol="1e-2"
def bits(loss):
    n_bytes = len(text_new.encode("utf-8"))
    return loss * len(ids_new) / n_bytes / log(2)


lowest = min(loss_new for _, loss_new in curve)
for loss in (log(V), counted, lowest):
    print(f"{bits(loss):.1f}")
#> 4.2
#> 3.6
#> 3.3

# %% [markdown] lang="fr"
# Un octet d’un fichier occupe 8 bits. Le découpage en jetons, à lui seul, ramène ce nombre à 4,2 ;
# les fréquences, à 3,6 ; la lecture des jetons d’avant, à 3,3. C’est peu de chose, et c’est tout ce
# que ce modèle tire de 9 000 caractères. Ces nombres, vous pouvez les comparer à ceux de n’importe
# quel modèle sur le même texte, quels que soient ses jetons.
#
# ## Que sait-il par cœur ? {#by-heart}
#
# Donnons-lui les huit premiers jetons d’une fenêtre, laissons-le continuer en prenant chaque fois
# le plus probable, et comptons combien de jetons sont ceux du texte avant le premier qui ne l’est
# pas. Il y en a 24 à trouver, car $32 - 8 = 24$.

# %% [markdown] lang="en"
# A byte of a file takes 8 bits. Cutting into tokens, by itself, brings that number down to 4.2; the
# frequencies, to 3.6; reading the tokens before, to 3.3. This is not much, and it is all that this
# model draws from 9,000 characters. You can compare these numbers with those of any model on the
# same text, whatever its tokens.
#
# ## What does it know by heart? {#by-heart}
#
# Let us give it the first eight tokens of a window, have it go on with the likeliest each time, and
# count how many tokens are those of the text before the first that is not. There are 24 to find,
# since $32 - 8 = 24$.

# %% recite
def recite(model, ids):
    windows = ids.unfold(0, T, T)
    written = windows[:, :8]  # (1)!
    while written.shape[1] < T:
        with torch.no_grad():
            scores = model(written)[:, -1]
        written = torch.cat([written, scores.argmax(1, True)], dim=1)
    same = (written == windows)[:, 8:].long()
    return same.cumprod(dim=1).sum(dim=1)  # (2)!

# %% [markdown] lang="fr"
# 1.  Toutes les fenêtres à la fois, une par ligne. Plus bas, le `True` de `argmax` garde l’axe :
#     les jetons choisis forment une colonne, que `cat` ajoute.
# 2.  Le produit reste à 1 tant que tout est juste, et tombe à 0 à la première faute : sa somme
#     compte les jetons trouvés avant elle.
#
# La première ligne est pour les paramètres du pas 120, la seconde pour ceux de la fin. À gauche, la
# moyenne sur les fenêtres du texte appris, à droite, sur celles du texte mis de côté. Quels nombres
# attendez-vous ?

# %% [markdown] lang="en"
# 1.  All the windows at once, one a row. Below, the `True` of `argmax` keeps the axis: the tokens
#     chosen are a column, which `cat` appends.
# 2.  The product stays 1 as long as all is right, and falls to 0 at the first mistake: its sum
#     counts the tokens found before it.
#
# The first line is for the parameters of step 120, the second for those of the end. On the left,
# the mean over the windows of the text learned from; on the right, over those of the text put
# aside. Which numbers do you expect?

# %% by-heart rtol="1e-1"
last = {name: t.clone() for name, t in model.state_dict().items()}
for state in (best, last):
    model.load_state_dict(state)
    lengths = [recite(model, m).float().mean() for m in (ids, ids_new)]
    print(*(f"{length.item():.0f}" for length in lengths))
#> 0 0
#> 18 0

# %% [markdown] lang="fr"
# Au pas 120, le modèle ne récite presque rien. À la fin, il récite en moyenne 18 jetons sur 24 du
# texte appris, et presque rien du texte nouveau : ce que la courbe bleue a gagné depuis le pas 120
# est de la mémoire. Personne n’a mis le texte dans les paramètres, et il y est. Qui les reçoit peut
# donc en tirer des passages : un modèle de vos lettres est aussi privé que vos lettres.
#
# ## À vous {#yours}
#
# Mettez le nom de votre texte, exécutez tout, et lisez votre courbe.
#
# - **La première perte est loin au-dessus de $\ln V$** : les valeurs initiales sont trop grandes.
#   Essayez un écart type plus petit.
# - **Les deux pertes descendent encore à la fin** : l’entraînement n’est pas fini. Donnez-lui
#   davantage de pas.
# - **Elles cessent de descendre ensemble, et trop haut** : le modèle est trop petit, ou le taux mal
#   choisi. Essayez des vecteurs plus longs, puis un autre taux.
# - **La seconde remonte très tôt** : il y a trop peu de texte pour ce modèle. Augmentez `SIZE`, ou
#   prenez un modèle plus petit.
# - **La seconde suit la première jusqu’à presque 0** : le texte mis de côté a été appris. Cherchez
#   [la fuite](../batches.md#split), ou des passages qui se répètent.
#
# ## À retenir {#summary}
#
# - Avant l’entraînement, la perte est près de $\ln V$ ; la perte de qui compte est la barre à
#   passer.
# - La perte sur le texte appris ne dit pas quand s’arrêter. Celle d’un texte mis de côté le dit,
#   avec un peu de patience.
# - On compare des modèles de vocabulaires différents en bits par octet.
# - Ce qu’un modèle gagne après le plus bas de la seconde courbe, il le sait par cœur.
#
# ## Exercices {#exercises}
#
# ### 1. Deux segmenteurs {#exercise-vocabulary}
#
# Sur le même texte de 1 000 octets, un modèle a une perte de 4,8 par jeton, pour 483 jetons ; un
# autre, qui lit des octets, une perte de 2,3 par octet. Lequel est le meilleur ? Et que vaudrait
# $\ln V$ avec 1 000 fusions ?
#
# ??? tip "Indice"
#
#     Multipliez chaque perte par le nombre de ce qui est prédit.
#
# ### 2. Deux fois moins de texte {#exercise-half}
#
# Le même modèle apprend de la première moitié des jetons, pendant 60 pas. Sa perte la plus basse
# sur le texte mis de côté sera-t-elle au-dessus de 4,9 ou en dessous ? Et passera-t-elle la barre
# de qui compte dans cette moitié seulement ?
#
# ??? tip "Indice"
#
#     `ids[: len(ids) // 2]`, et un modèle neuf.
#
# ### 3. Les jetons qui manquent {#exercise-used}
#
# Combien des 512 jetons se trouvent dans le texte appris ? Quelle serait la perte, sur ce texte, de
# qui hésiterait également entre ceux-là ?
#
# ??? tip "Indice"
#
#     Un ensemble, `set`, ne garde chaque numéro qu’une fois.
#
# ## Les solutions {#solutions}

# %% [markdown] lang="en"
# At step 120, the model recites next to nothing. At the end, it recites 18 tokens out of 24 on
# average from the text learned from, and next to nothing of the new text: what the blue curve has
# gained since step 120 is memory. Nobody has put the text into the parameters, and it is there. So
# whoever receives them can draw passages from them: a model of your letters is as private as your
# letters.
#
# ## Yours {#yours}
#
# Put in the name of your text, run everything, and read your curve.
#
# - **The first loss is far above $\ln V$**: the initial values are too large. Try a smaller
#   standard deviation.
# - **Both losses still fall at the end**: training is not over. Give it more steps.
# - **They level off together, and high**: the model is too small, or the rate ill chosen. Try
#   longer vectors, then another rate.
# - **The second climbs very early**: there is too little text for this model. Raise `SIZE`, or take
#   a smaller model.
# - **The second follows the first down to nearly 0**: the text put aside has been learned from.
#   Look for [the leak](../batches.md#split), or for passages that come twice.
#
# ## In short {#summary}
#
# - Before training, the loss is near $\ln V$; the loss of someone who counts is the bar to pass.
# - The loss on the text learned from does not say when to stop. That of a text put aside does, with
#   a little patience.
# - Models of different vocabularies are compared in bits a byte.
# - What a model gains after the lowest point of the second curve, it knows by heart.
#
# ## Exercises {#exercises}
#
# ### 1. Two tokenizers {#exercise-vocabulary}
#
# On the same text of 1,000 bytes, one model has a loss of 4.8 a token, for 483 tokens; another,
# which reads bytes, a loss of 2.3 a byte. Which is better? And what would $\ln V$ be with 1,000
# merges?
#
# ??? tip "Hint"
#
#     Multiply each loss by the number of things predicted.
#
# ### 2. Half the text {#exercise-half}
#
# The same model learns from the first half of the tokens, for 60 steps. Will its lowest loss on the
# text put aside be above 4.9 or below? And will it pass the bar of someone who counts in that half
# only?
#
# ??? tip "Hint"
#
#     `ids[: len(ids) // 2]`, and a new model.
#
# ### 3. The tokens that are missing {#exercise-used}
#
# How many of the 512 tokens are in the text learned from? What would be the loss, on that text, of
# someone who hesitates equally between those?
#
# ??? tip "Hint"
#
#     A `set` keeps each number only once.
#
# ## Solutions {#solutions}

# %% solution-vocabulary
print(f"{log(256 + 1000):.2f} {4.8 * 483:.0f} {2.3 * 1000:.0f}")
#> 7.14 2318 2300

# %% [markdown] lang="fr"
# Le second, de peu. $4{,}8 \times 483 \approx 2\,318$ pour le premier et
# $2{,}3 \times 1\,000 = 2\,300$ pour le second : à eux tous, les octets ont été un peu mieux
# prédits que les jetons. Avec 1 000 fusions, il y aurait $256 + 1\,000 = 1\,256$ jetons, et $\ln V$
# vaudrait 7,14.

# %% [markdown] lang="en"
# The second, by a little. $4.8 \times 483 \approx 2{,}318$ for the first and
# $2.3 \times 1{,}000 = 2{,}300$ for the second: taken together, the bytes were predicted slightly
# better than the tokens. With 1,000 merges, there would be $256 + 1{,}000 = 1{,}256$ tokens, and
# $\ln V$ would be 7.14.

# %% solution-half rtol="1e-2"
half = ids[: len(ids) // 2]
curve_half, _ = fit(make(cfg), half, ids_new, 60)
lowest_half = min(loss_new for _, loss_new in curve_half)
print(f"{lowest_half:.1f} {count_loss(half, ids_new):.1f}")
#> 5.4 5.4

# %% [markdown] lang="fr"
# Au-dessus : 5,4, comme qui compte dans cette moitié. Il atteint la barre et ne la passe pas. Le
# modèle sait au mieux quels jetons sont fréquents ; avant d’en savoir davantage qui vaille
# ailleurs, il apprend déjà par cœur. Deux fois plus de texte lui ont fait gagner une demi-unité :
# c’est d’abord du texte qui manque.

# %% [markdown] lang="en"
# Above: 5.4, like someone who counts in that half. It reaches the bar and does not pass it. At
# best, the model knows which tokens are frequent; before it learns anything more that holds
# elsewhere, it is learning by heart already. Twice the text gained it half a unit: what is missing
# first is text.

# %% solution-used
used = len(set(ids.tolist()))
print(used, f"{log(used):.2f}")
#> 311 5.74

# %% [markdown] lang="fr"
# Il y en a 311. Les autres sont des octets qui ne viennent jamais seuls, ou jamais, et des fusions
# que d’autres ont prises en entier. Hésiter également entre ces 311 coûterait
# $\ln 311 \approx 5{,}74$ : une bonne part de ce que le modèle gagne aux premiers pas consiste à
# savoir quels jetons n’arrivent jamais.

# %% [markdown] lang="en"
# There are 311. The others are bytes that never come alone, or never come, and merges that others
# have taken up whole. To hesitate equally between these 311 would cost $\ln 311 \approx 5.74$: a
# good part of what the model gains in its first steps is to know which tokens never come.
