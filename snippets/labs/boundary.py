"""A small network, and the boundary that it draws between two classes as it learns."""

# %% [markdown] lang="fr"
# # Voir un réseau apprendre sa frontière
#
# Que fait un réseau pendant qu’il apprend ? Quand ses entrées ont deux composantes, on peut le
# voir : chaque exemple est un point du plan, et le réseau partage le plan en deux régions, une par
# réponse. Ce TP fabrique des données, entraîne un petit réseau, et dessine la frontière entre ses
# deux régions à quatre moments de l’entraînement.
#
# !!! abstract "Objectifs"
#
#     À la fin de ce TP, vous saurez :
#
#     - fabriquer des données de classification dont vous connaissez la règle ;
#     - dire ce qu’un modèle linéaire ne peut pas faire ;
#     - entraîner un réseau à une couche cachée et en garder des instantanés ;
#     - tracer la frontière de décision d’un modèle, et la juger sur des points nouveaux.
#
#     Il faut avoir lu [Apprendre à partir d’exemples](../learning.md).
#
# ## Des données faites ici {#data}
#
# La première classe est un demi-cercle. La seconde est le même demi-cercle, retourné et décalé
# pour s’emboîter dans le premier. Chaque point est ensuite déplacé un peu au hasard.

# %% [markdown] lang="en"
# # Watch a network learn its boundary
#
# What does a network do while it learns? When its inputs have two components, one can see it: each
# example is a point of the plane, and the network divides the plane into two regions, one for each
# answer. This lab makes data, trains a small network, and draws the boundary between its two
# regions at four moments of the training.
#
# !!! abstract "Goals"
#
#     By the end of this lab, you will be able to:
#
#     - make classification data whose rule you know;
#     - say what a linear model cannot do;
#     - train a network with one hidden layer and keep snapshots of it;
#     - draw the decision boundary of a model, and judge it on new points.
#
#     You should have read [Learning from examples](../learning.md).
#
# ## Data made here {#data}
#
# The first class is a half-circle. The second is the same half-circle, turned over and shifted so
# that it fits into the first. Each point is then moved a little at random.

# %% data
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn


def moons(n, seed, noise=0.12):
    rng = torch.Generator().manual_seed(seed)
    angle = math.pi * torch.rand(n, generator=rng)
    y = torch.arange(n) % 2
    x = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    x[y == 1] = torch.tensor([1.0, 0.5]) - x[y == 1]
    return x + noise * torch.randn(n, 2, generator=rng), y.float()


x, y = moons(60, seed=0)
print(x.shape, y.shape, y.mean())
#> torch.Size([60, 2]) torch.Size([60]) tensor(0.5000)

# %% [markdown] lang="fr"
# Il y a 60 points, autant dans une classe que dans l’autre : la moyenne des étiquettes est de 0,5.
# (`torch.Generator` est un générateur à part : fabriquer des points ne dérange pas les autres
# tirages du programme.)
#
# ## Ce que peut une droite {#line}
#
# Le modèle le plus simple est linéaire : un poids pour chaque composante et un biais. Sa réponse
# change là où le logit $w_1 x_1 + w_2 x_2 + b$ change de signe, c’est-à-dire de part et d’autre
# d’une droite. La fonction `train` fait les pas de descente sur tous les points à la fois, et
# `accuracy` donne l’exactitude, la part des réponses justes. (Aucun de nos modèles ne se comporte
# autrement à l’entraînement : elle n’a pas besoin d’appeler `eval()`.) Quelle exactitude une droite
# peut-elle atteindre, quand les deux classes sont emboîtées ?

# %% [markdown] lang="en"
# There are 60 points, as many in one class as in the other: the mean of the labels is 0.5.
# (`torch.Generator` is a generator of its own: making points does not disturb the other random
# draws of the program.)
#
# ## What a line can do {#line}
#
# The simplest model is linear: one weight for each component, and a bias. Its answer changes where
# the logit $w_1 x_1 + w_2 x_2 + b$ changes sign, which is to say on either side of a line. The
# function `train` takes steps of descent on all the points at once, and `accuracy` gives the
# accuracy, the share of right answers. (None of our models behaves differently in training, so it
# need not call `eval()`.) What accuracy can a line reach, when the two classes fit into each other?

# %% line
def accuracy(model, x, y):
    with torch.no_grad():
        right = (model(x)[:, 0] > 0) == (y == 1)
    return right.float().mean().item()


def train(model, x, y, steps, keep=()):
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    kept = {}
    for step in range(steps + 1):
        loss = F.binary_cross_entropy_with_logits(model(x)[:, 0], y)
        if step in keep:
            kept[step] = copy.deepcopy(model)
            print(step, f"{loss.item():.3f} {accuracy(model, x, y):.3f}")
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return kept


torch.manual_seed(0)
line = nn.Linear(2, 1)
_ = train(line, x, y, 300, keep=(0, 300))
#> 0 0.797 0.500
#> 300 0.272 0.883

# %% [markdown] lang="fr"
# Son exactitude est de 88 % environ, et davantage de pas n’y changeraient presque rien. Les
# pointes de chaque demi-cercle sont du mauvais côté.
#
# ## Une couche cachée {#hidden}
#
# Mettons une couche cachée de huit neurones entre les entrées et le logit. Chacun trace une droite
# à lui ; la tangente hyperbolique arrondit le passage d’un côté à l’autre, et la couche de sortie
# additionne. Combien ce réseau a-t-il de paramètres ?

# %% [markdown] lang="en"
# Its accuracy is about 88%, and more steps would change next to nothing. The tips
# of each half-circle are on the wrong side.
#
# ## A hidden layer {#hidden}
#
# Let us put a hidden layer of eight neurons between the inputs and the logit. Each of them draws a
# line of its own; the hyperbolic tangent rounds the passage from one side to the other, and the
# output layer adds up. How many parameters does this network have?

# %% hidden
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
print(sum(p.numel() for p in model.parameters()))
#> 33

# %% [markdown] lang="fr"
# Il en a $2 \times 8 + 8 + 8 + 1 = 33$. Entraînons-le, en gardant une copie du réseau aux pas 0,
# 10, 100 et 300. Chaque ligne affiche le pas, la perte et l’exactitude.

# %% [markdown] lang="en"
# It has $2 \times 8 + 8 + 8 + 1 = 33$. Let us train it, keeping a copy of the network at the steps
# 0, 10, 100 and 300. Each line prints the step, the loss and the accuracy.

# %% training
kept = train(model, x, y, 300, keep=(0, 10, 100, 300))
#> 0 0.691 0.500
#> 10 0.365 0.850
#> 100 0.197 0.917
#> 300 0.048 1.000

# %% [markdown] lang="fr"
# La perte baisse, et l’exactitude passe d’un demi à 1. Mais où passe la frontière ? Pour la tracer,
# on calcule le logit aux nœuds d’une grille qui couvre le plan, et l’on dessine la ligne de niveau
# 0.
#
# ![Quatre cadres avec les mêmes points : une classe en ronds, sur un demi-cercle ouvert vers le
# bas ; l’autre en carrés, sur un demi-cercle ouvert vers le haut. Au pas 0, aucune ligne. Au pas
# 10, une ligne presque droite monte de gauche à droite entre les deux classes. Au pas 100, elle
# ondule. Au pas 300, elle monte à gauche, redescend dans le creux, remonte à droite, et sépare tous
# les points.](panels "Le code de la figure")
# La frontière aux pas $t$ = 0, 10, 100 et 300 : absente, presque droite, puis de plus en plus
# courbe.

# %% [markdown] lang="en"
# The loss goes down, and the accuracy goes from one half to 1. But where does the boundary run? To
# draw it, we compute the logit at the nodes of a grid that covers the plane, and draw the contour
# line of level 0.
#
# ![Four frames with the same points: one class as discs, on a half-circle open to the bottom; the
# other as squares, on a half-circle open to the top. At step 0, no line. At step 10, a line that is
# almost straight rises from left to right between the two classes. At step 100 it undulates. At
# step 300 it rises on the left, goes down into the hollow, rises again on the right, and separates
# all the points.](panels "The code of the figure")
# The boundary at the steps $t$ = 0, 10, 100 and 300: absent, almost straight, then more and more
# curved.

# %% panels
grid = torch.linspace(-1.6, 2.6, 40), torch.linspace(-1.2, 1.7, 30)
u, v = torch.meshgrid(*grid, indexing="xy")
points = torch.stack([u.flatten(), v.flatten()], dim=1)
_, panels = plt.subplots(2, 2, figsize=(4.2, 3.6), layout="tight")
for axes, (step, copied) in zip(panels.flatten(), kept.items()):
    with torch.no_grad():
        z = copied(points).reshape(u.shape).cpu()
    axes.contour(u.cpu(), v.cpu(), z, levels=[0.0], colors="C2")
    for label, mark in ((0, "o"), (1, "s")):
        axes.plot(*x[y == label].T.cpu(), f"C{label}{mark}", markersize=2)
    axes.set(title=f"t = {step}", xticks=[], yticks=[])

# %% [markdown] lang="fr"
# Au pas 0, il n’y a pas de frontière dans le cadre : le réseau donne partout la même réponse, juste
# une fois sur deux. En dix pas, il trouve à peu près la droite du modèle linéaire, qui est ce qu’il
# y a de plus profitable à apprendre d’abord. Ensuite seulement il se courbe, pour les points que la
# droite laisse du mauvais côté.
#
# ## À quoi sert l’activation {#activation}
#
# Est-ce la couche cachée qui courbe la frontière, ou la tangente hyperbolique ? Retirons celle-ci,
# et recommençons avec les huit neurones.

# %% [markdown] lang="en"
# At step 0 there is no boundary in the frame: the network gives the same answer everywhere, right
# every second time. In ten steps it finds roughly the line of the linear model, which is what pays
# most to learn first. Only then does it bend, for the points that the line leaves on the wrong
# side.
#
# ## What the activation is for {#activation}
#
# Is it the hidden layer that bends the boundary, or the hyperbolic tangent? Let us take the latter
# out, and start again with the eight neurons.

# %% no-activation
torch.manual_seed(0)
flat = nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 1))
_ = train(flat, x, y, 300, keep=(0, 300))
#> 0 0.695 0.500
#> 300 0.271 0.883

# %% [markdown] lang="fr"
# C’est le résultat de la droite. Deux couches linéaires à la suite n’en font qu’une : le produit de
# leurs matrices est une matrice. Sans activation, aucun nombre de couches ne courbe la frontière.
#
# ## Sur des points nouveaux {#new-points}
#
# Le réseau classe bien tous les points sur lesquels il a été entraîné. A-t-il appris la règle, ou
# ces points-là ? Puisque nous savons fabriquer les données, fabriquons-en d’autres, avec une autre
# graine. Chaque ligne donne l’exactitude sur les 60 points de l’entraînement, puis sur 2 000
# nouveaux.

# %% [markdown] lang="en"
# This is the result of the line. Two linear layers in a row make only one: the product of their
# matrices is a matrix. Without an activation, no number of layers bends the boundary.
#
# ## On new points {#new-points}
#
# The network classifies all the points that it was trained on rightly. Has it learned the rule, or
# those points? Since we know how to make the data, let us make more of it, with another seed. Each
# line gives the accuracy on the 60 points of the training, then on 2,000 new ones.

# %% new-points
new_x, new_y = moons(2000, seed=1)
for name, tried in (("line", line), ("network", model)):
    print(name, f"{accuracy(tried, x, y):.3f} {accuracy(tried, new_x, new_y):.3f}")
#> line 0.883 0.883
#> network 1.000 0.978

# %% [markdown] lang="fr"
# Un peu moins de 98 % : le réseau a appris la règle, à quelques points près, et une droite ne va
# pas au-delà de 88 %. On perd donc quelque chose en passant aux points nouveaux, de 1 à 0,978. Cet
# écart a deux causes possibles : le réseau s’est attaché aux points de l’entraînement, ou le hasard
# a poussé des points nouveaux si loin que personne ne pourrait les classer. L’[exercice
# 2](#exercise-noise) les sépare.
#
# ## À retenir {#summary}
#
# - La frontière de décision est l’ensemble des points où le logit vaut 0.
# - Un modèle linéaire la trace droite, et plusieurs couches linéaires aussi ; l’activation la
#   courbe.
# - L’entraînement trouve d’abord le plus profitable, ici une droite, puis les détails.
# - On juge un modèle sur des points qu’il n’a pas vus.
#
# ## À vous {#exercises}
#
# ### 1. Moins de neurones {#exercise-neurons}
#
# Combien de neurones cachés faut-il pour séparer ces points ? Essayez dans le notebook avec un
# seul, puis deux et trois, et regardez la frontière. Changez aussi la graine, et le nombre
# de pas : est-ce le réseau qui ne peut pas, ou l’entraînement qui n’a pas encore trouvé ?
#
# ??? tip "Indice"
#
#     Un neurone caché trace une droite. Combien de coudes la frontière du dernier cadre a-t-elle ?
#
# ### 2. Plus de bruit {#exercise-noise}
#
# Triplez l’écart type du bruit, l’argument `noise` de `moons`. Que deviennent les deux exactitudes,
# sur les points de l’entraînement et sur les nouveaux ? L’écart entre elles grandit-il ? Et
# jusqu’où pourrait aller un modèle qui connaîtrait la règle ?
#
# ??? tip "Indice"
#
#     Qui connaît les deux demi-cercles sait, pour chaque point, duquel il vient le plus
#     probablement.
#
# ## Les solutions {#solutions}
#
# ### Moins de neurones {#solution-neurons}
#
# Un neurone ne donne qu’une droite. Pour deux, puis pour trois, entraînons douze réseaux à la fois,
# un par graine, et comptons ceux qui classent bien tous les points, après 300 pas, et après 600.
# Pour aller plus vite, `momentum` garde à chaque pas neuf dixièmes de l’élan du précédent.
# `stack_module_state` empile les paramètres des douze : chaque matrice a un axe de plus, devant, et
# chaque réseau suit sa propre descente, puisque sa perte ne dépend que de ses paramètres. Enfin,
# `fork_rng` rend aux autres tirages leur générateur, tel qu’il était.

# %% [markdown] lang="en"
# A little under 98%: the network has learned the rule, but for a few points, and a line does not go
# beyond 88%. So something is lost on the way to new points, from 1 to 0.978. This gap has two
# possible causes: the network has grown attached to the points of the training, or chance has
# pushed some new points so far that nobody could classify them. [Exercise 2](#exercise-noise) tells
# them apart.
#
# ## Summary {#summary}
#
# - The decision boundary is the set of points where the logit is 0.
# - A linear model draws it straight, and so do several linear layers; the activation bends it.
# - Training finds first what pays most, here a line, then the details.
# - A model is judged on points that it has not seen.
#
# ## Your turn {#exercises}
#
# ### 1. Fewer neurons {#exercise-neurons}
#
# How many hidden neurons does it take to separate these points? Try in the notebook with one, then
# two and three, and look at the boundary. Change the seed and the number of steps as well: is
# the network unable to do it, or has training not found it yet?
#
# ??? tip "Hint"
#
#     A hidden neuron draws a line. How many bends does the boundary of the last frame have?
#
# ### 2. More noise {#exercise-noise}
#
# Make the standard deviation of the noise, the argument `noise` of `moons`, three times as large.
# What becomes of the two accuracies, on the points of the training and on the new ones? Does the
# gap between them grow? And how far could a model go that knew the rule?
#
# ??? tip "Hint"
#
#     Someone who knows the two half-circles knows, for each point, from which of them it most
#     probably comes.
#
# ## Solutions {#solutions}
#
# ### Fewer neurons {#solution-neurons}
#
# One neuron gives a line and nothing else. For two, then for three, let us train twelve networks at
# once, one for each seed, and count those that classify all the points rightly, after 300 steps and
# after 600. To go faster, `momentum` keeps at each step nine tenths of the impetus of the last one.
# `stack_module_state` stacks the parameters of the twelve: each matrix has one axis more, in front,
# and each network follows a descent of its own, since its loss depends on its own parameters alone.
# Afterwards `fork_rng` gives the other draws their generator back, as it was.

# %% solution-neurons
def network(n, seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(2, n), nn.Tanh(), nn.Linear(n, 1))


def separating(n, marks):
    nets = [network(n, seed) for seed in range(12)]
    w, b, v, c = torch.func.stack_module_state(nets)[0].values()
    optimizer = torch.optim.SGD([w, b, v, c], lr=0.2, momentum=0.9)
    for step in range(max(marks) + 1):
        h = torch.tanh(x @ w.mT + b.unsqueeze(1))
        z = (h @ v.mT + c.unsqueeze(1))[:, :, 0]
        if step in marks:
            yield ((z > 0) == (y == 1)).all(dim=1).sum().item()
        loss = F.binary_cross_entropy_with_logits(z, y.expand(12, -1))
        optimizer.zero_grad()
        (12 * loss).backward()
        optimizer.step()


for n in (2, 3):
    print(n, *separating(n, (300, 600)))
#> 2 0 3
#> 3 12 12

# %% [markdown] lang="fr"
# **Deux suffisent** : trois graines sur douze y arrivent, mais il leur faut plus de 300 pas. Avec
# trois neurones, toutes y arrivent, et plus tôt. Un neurone de plus ne rend donc pas possible ce
# qui ne l’était pas : il le rend plus facile à trouver. Ce qu’un réseau peut représenter, et ce que
# la descente trouve en un nombre donné de pas, sont deux questions différentes.
#
# ### Plus de bruit {#solution-noise}
#
# La fonction `best` connaît la règle : elle compare, pour chaque point, la densité de probabilité
# qu’il a sous chacun des deux demi-cercles bruités, et répond la classe de la plus grande. Aucun
# modèle ne peut faire mieux en moyenne. Chaque ligne donne l’exactitude sur les points de
# l’entraînement, puis sur les nouveaux ; la dernière est celle de la règle avec le bruit du début.

# %% [markdown] lang="en"
# **Two are enough**: three seeds out of twelve succeed, but they need more than 300 steps. With
# three neurons, all of them succeed, and sooner. So one more neuron does not make possible what was
# not: it makes it easier to find. What a network can represent, and what descent finds in a given
# number of steps, are two different questions.
#
# ### More noise {#solution-noise}
#
# The function `best` knows the rule: for each point, it compares the probability density that the
# point has under each of the two noisy half-circles, and answers the class of the larger. No model
# can do better on average. Each line gives the accuracy on the points of the training, then on the
# new ones; the last one is that of the rule with the noise of the beginning.

# %% solution-noise
def best(x, y, noise):
    angle = torch.linspace(0, math.pi, 500)
    arc = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    arcs = arc, torch.tensor([1.0, 0.5]) - arc
    near = [-torch.cdist(x, a) ** 2 / (2 * noise**2) for a in arcs]
    a, b = (s.logsumexp(dim=1) for s in near)
    return ((b > a) == (y == 1)).float().mean().item()


noisy_x, noisy_y = moons(60, seed=0, noise=0.36)
far_x, far_y = moons(2000, seed=1, noise=0.36)
torch.manual_seed(0)
noisy_line = nn.Linear(2, 1)
noisy = network(8, seed=0)
for name, tried in (("line", noisy_line), ("network", noisy)):
    train(tried, noisy_x, noisy_y, 300)
    trained = accuracy(tried, noisy_x, noisy_y)
    print(name, f"{trained:.4f} {accuracy(tried, far_x, far_y):.4f}")
#> line 0.8333 0.8380
#> network 0.9167 0.8710
rule = best(noisy_x, noisy_y, 0.36), best(far_x, far_y, 0.36)
print(f"rule {rule[0]:.4f} {rule[1]:.4f}")
#> rule 0.9000 0.8935
print(f"{best(x, y, 0.12):.4f} {best(new_x, new_y, 0.12):.4f}")
#> 1.0000 0.9985

# %% [markdown] lang="fr"
# Avec trois fois plus de bruit, les deux exactitudes du réseau baissent, et l’écart double : de
# 0,9167 à 0,8710, au lieu de 1 à 0,978. Mais à quoi les comparer ? Non à 1 : la règle elle-même n’a
# raison que pour 0,9000 des points de l’entraînement et 0,8935 des nouveaux, car un dixième des
# points, à peu près, ont été poussés trop loin, et aucun modèle n’y peut rien. Sur l’entraînement,
# le réseau fait mieux que la règle : il a appris du hasard. Sur les points nouveaux, il fait moins
# bien : c’en est le prix. Avec le bruit du début, la règle a presque toujours raison, 0,9985 : ce
# qui manque au réseau sur les points nouveaux lui est presque tout entier imputable.

# %% [markdown] lang="en"
# With three times the noise, both accuracies of the network fall, and the gap doubles: from 0.9167
# to
# 0.8710, in place of 1 to 0.978. But what should they be compared with? Not with 1: the rule itself
# is right only for 0.9000 of the points of the training and 0.8935 of the new ones, since about a
# tenth of the points were pushed too far, and no model can do anything about it. In training, the
# network does better than the rule: it has learned from chance. On new points it does worse: that
# is the price. With the noise of the beginning, the rule is nearly always right, 0.9985: what the
# network lacks on new points is nearly all its own fault.
