"""An autograd engine from scratch, checked against PyTorch on random expressions."""

# %% [markdown] lang="fr"
# # Un moteur de différentiation, écrit à partir de zéro
#
# Que faut-il, au fond, pour que `backward()` fonctionne ? Une vingtaine de lignes, si l’on se
# contente de sommes et de produits de nombres. Ce TP les écrit, y ajoute des fonctions, les essaie
# sur des calculs faits à la main, puis les compare à PyTorch sur mille expressions tirées au
# hasard. Il vérifie pour finir que cette comparaison sait reconnaître un moteur faux.
#
# !!! abstract "Objectifs"
#
#     À la fin de ce TP, vous saurez :
#
#     - enregistrer un calcul avec ses dérivées locales, et le parcourir à rebours ;
#     - ajouter une opération au moteur en n’écrivant que sa dérivée ;
#     - comparer deux programmes sur des expressions tirées au hasard ;
#     - vérifier qu’un test peut échouer.
#
#     Il faut avoir lu [la différentiation automatique](../autograd.md).
#
# ## Enregistrer {#record}
#
# PyTorch enregistre un graphe. Nous nous contenterons d’une liste, que l’on appelle une **bande**
# (*tape*) : chaque nombre calculé s’y inscrit à son tour. Il garde sa valeur, et pour chacun des
# nombres dont il vient, la [dérivée locale](../autograd.md#graph) par rapport à celui-ci.

# %% [markdown] lang="en"
# # An autograd engine from scratch
#
# What does it take, after all, for `backward()` to work? About twenty lines, if sums and products
# of numbers are enough. This lab writes them, adds functions to them, tries them on calculations
# done by hand, and then compares them with PyTorch on a thousand random expressions. It checks at
# the end that this comparison can tell an engine that is wrong.
#
# !!! abstract "Goals"
#
#     By the end of this lab, you will be able to:
#
#     - record a calculation with its local derivatives, and go back over it;
#     - add an operation to the engine by writing nothing but its derivative;
#     - compare two programs on random expressions;
#     - check that a test can fail.
#
#     You should have read [automatic differentiation](../autograd.md).
#
# ## Record {#record}
#
# PyTorch records a graph. A list will do for us, called a **tape**: each number that is computed
# goes on it in its turn. It keeps its value and, for each of the numbers that it comes from, the
# [local derivative](../autograd.md#graph) with respect to that one.

# %% record
import math
import random

import torch


tape = []


class Scalar:
    def __init__(self, value, parents=()):
        self.value, self.parents, self.grad = value, parents, 0.0
        tape.append(self)

    def __add__(self, other):
        value = self.value + other.value
        return Scalar(value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        value = self.value * other.value
        return Scalar(value, ((self, other.value), (other, self.value)))

# %% [markdown] lang="fr"
# La somme a pour dérivées locales 1 et 1 ; le produit, la valeur de l’autre facteur.
#
# ## Remonter {#back}
#
# Dans quel ordre parcourir la bande ? Un nombre n’est inscrit qu’après ceux dont il vient. En la
# lisant à rebours, on arrive donc à chaque nombre quand tous ceux qui s’en servent lui ont déjà
# envoyé leur part. Il n’y a rien à trier.

# %% [markdown] lang="en"
# The sum has the local derivatives 1 and 1; the product, the value of the other factor.
#
# ## Go back {#back}
#
# In which order should the tape be read? A number goes on it only after those that it comes from.
# Reading it backwards, one therefore comes to each number when all those that use it have already
# sent their share. There is nothing to sort.

# %% back
def backward(output):
    for node in tape:
        node.grad = 0.0
    output.grad = 1.0
    for node in reversed(tape):
        for parent, local in node.parents:
            parent.grad += local * node.grad

# %% [markdown] lang="fr"
# Essayons sur $y = x^2 + wx$ avec $x = 3$ et $w = 2$. À la main, $\partial y/\partial x = 2x + w$
# et $\partial y/\partial w = x$. Que contiendront les deux `grad` ?

# %% [markdown] lang="en"
# Let us try it on $y = x^2 + wx$ with $x = 3$ and $w = 2$. By hand,
# $\partial y/\partial x = 2x + w$ and $\partial y/\partial w = x$. What will the two `grad` hold?

# %% by-hand
x, w = Scalar(3.0), Scalar(2.0)
y = x * x + w * x
backward(y)
print(y.value, x.grad, w.grad, len(tape))
#> 15.0 8.0 3.0 5

# %% [markdown] lang="fr"
# Comme prévu, $2 \times 3 + 2 = 8$ et 3. Le nombre `x` a reçu trois parts : deux du carré, où il
# figure deux fois, et une du produit. La bande compte cinq nombres : `x`, `w`, deux produits et une
# somme.
#
# ## D’autres opérations {#more}
#
# Pour ajouter une opération, il suffit de sa valeur et de sa dérivée. Une fonction d’une variable
# prend $f$ et sa pente, écrite avec l’entrée $x$ ou la valeur $y$, selon ce qui est le plus court :
# ainsi la dérivée de $\tanh$ est $1 - y^2$, et celle de l’exponentielle est $y$.

# %% [markdown] lang="en"
# As expected, $2 \times 3 + 2 = 8$ and 3. The number `x` received three shares: two from the
# square, in which it stands twice, and one from the product. The tape has five numbers: `x`, `w`,
# two products and a sum.
#
# ## More operations {#more}
#
# To add an operation, its value and its derivative are enough. A function of one variable takes $f$
# and its slope, written with the input $x$ or the value $y$, whichever is shorter: thus the
# derivative of $\tanh$ is $1 - y^2$, and that of the exponential is $y$.

# %% more
def function(f, slope):
    def method(self):
        y = f(self.value)
        return Scalar(y, ((self, slope(self.value, y)),))

    return method


Scalar.exp = function(math.exp, lambda x, y: y)
Scalar.log = function(math.log, lambda x, y: 1 / x)
Scalar.sin = function(math.sin, lambda x, y: math.cos(x))
Scalar.tanh = function(math.tanh, lambda x, y: 1 - y * y)

# %% [markdown] lang="fr"
# La différence et le quotient complètent le moteur. Pour $a/b$, les dérivées sont $1/b$ et
# $-a/b^2$.

# %% [markdown] lang="en"
# The difference and the quotient complete the engine. For $a/b$, the derivatives are $1/b$ and
# $-a/b^2$.

# %% two-more
def subtract(a, b):
    return Scalar(a.value - b.value, ((a, 1.0), (b, -1.0)))


def divide(a, b):
    slopes = 1 / b.value, -a.value / b.value**2
    return Scalar(a.value / b.value, ((a, slopes[0]), (b, slopes[1])))


Scalar.__sub__, Scalar.__truediv__ = subtract, divide

# %% [markdown] lang="fr"
# Voici le [neurone](../autograd.md#neuron-by-hand) du chapitre, dont l’étiquette est 1. Sa perte
# est $-\ln \sigma(z) = \ln(1 + e^{-z})$. Les deux gradients trouvés à la main valaient $-0{,}0898$
# et $-0{,}0817$.

# %% [markdown] lang="en"
# Here is the [neuron](../autograd.md#neuron-by-hand) of the chapter, whose label is 1. Its loss is
# $-\ln \sigma(z) = \ln(1 + e^{-z})$. The two gradients found by hand were $-0.0898$ and $-0.0817$.

# %% neuron
w, b = Scalar(2.2), Scalar(0.0)
zero, one = Scalar(0.0), Scalar(1.0)
z = w * Scalar(1.1) + b
loss = (one + (zero - z).exp()).log()
backward(loss)
print(f"{loss.value:.4f} {w.grad:.4f} {b.grad:.4f}")
#> 0.0852 -0.0898 -0.0817

# %% [markdown] lang="fr"
# ## Mille expressions au hasard {#random}
#
# Deux exemples justes ne prouvent pas grand-chose. Faisons pousser des expressions au hasard : on
# part de trois nombres, on applique douze fois une opération tirée au sort à des nombres tirés au
# sort parmi tous les précédents, et l’on additionne le tout. La fonction `grow` ne sait pas si elle
# manipule nos `Scalar` ou des tenseurs de PyTorch : les deux ont les mêmes opérations. Là où une
# exponentielle ou un quotient pourrait déborder, on passe d’abord par $\tanh$.

# %% [markdown] lang="en"
# ## A thousand random expressions {#random}
#
# Two examples that come out right prove little. Let us grow random expressions: start from three
# numbers, apply twelve times an operation drawn at random to numbers drawn at random among all
# those before, and add everything up. The function `grow` does not know whether it handles our
# `Scalar` or tensors of PyTorch: both have the same operations. Where an exponential or a quotient
# could overflow, it goes through $\tanh$ first.

# %% grow
OPERATIONS = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b.tanh().exp(),
    lambda a, b: a.tanh().exp().log(),
    lambda a, b: a.sin(),
)


def grow(seed, make):
    rng = random.Random(seed)
    leaves = [make(rng.uniform(-2, 2)) for _ in range(3)]
    nodes = list(leaves)
    for _ in range(12):
        operation = rng.choice(OPERATIONS)
        nodes.append(operation(*rng.choices(nodes, k=2)))
    total = nodes[0]
    for node in nodes[1:]:
        total = total + node
    return leaves, total

# %% [markdown] lang="fr"
# Il reste à comparer. Chaque expression donne trois dérivées ; l’expression est en désaccord si
# l’une d’elles s’écarte de celle de PyTorch, en `float64`, de plus d’un milliardième.

# %% [markdown] lang="en"
# It remains to compare. Each expression gives three derivatives; the expression disagrees if one of
# them is further from that of PyTorch, in `float64`, than a billionth.

# %% compare
def double(value):
    made = torch.tensor(value, dtype=torch.float64, device="cpu")
    return made.requires_grad_()


def disagreements(backward, count=1000):
    wrong = 0
    for seed in range(count):
        tape.clear()
        ours, total = grow(seed, Scalar)
        backward(total)
        theirs, total = grow(seed, double)
        total.backward()
        pairs = [(a.grad, b.grad.item()) for a, b in zip(ours, theirs)]
        wrong += any(abs(a - b) > 1e-9 * max(1, abs(b)) for a, b in pairs)
    return wrong


print(disagreements(backward), "/ 1000")
#> 0 / 1000

# %% [markdown] lang="fr"
# Aucun désaccord.
#
# ## Ce test peut-il échouer ? {#can-fail}
#
# Un test qui réussit toujours ne prouve rien. Abîmons donc le moteur de trois façons, l’une après
# l’autre : ne garder que la dernière part reçue au lieu de les additionner ; lire la bande dans le
# mauvais sens ; se tromper dans la dérivée de $\tanh$. Laquelle passera le plus souvent inaperçue ?

# %% [markdown] lang="en"
# No disagreement.
#
# ## Can this test fail? {#can-fail}
#
# A test that always passes proves nothing. So let us damage the engine in three ways, one after the
# other: keep only the last share received instead of adding them up; read the tape the wrong way;
# get the derivative of $\tanh$ wrong. Which one will go unnoticed most often?

# %% can-fail
def last_share(output):
    for node in tape:
        node.grad = 0.0
    output.grad = 1.0
    for node in reversed(tape):
        for parent, local in node.parents:
            parent.grad = local * node.grad


def wrong_way(output):
    tape.reverse()
    backward(output)


print(disagreements(last_share, 200), disagreements(wrong_way, 200))
#> 200 200
right = Scalar.tanh
Scalar.tanh = function(math.tanh, lambda x, y: 1 - y)
print(disagreements(backward, 200))
#> 197
Scalar.tanh = right
print(disagreements(backward, 200))
#> 0

# %% [markdown] lang="fr"
# Les deux premières erreurs se voient dans chacune des 200 expressions. La troisième échappe à
# trois d’entre elles, où $\tanh$ ne figure pas ou n’est prise que là où l’erreur ne compte pas : en
# 0, par exemple, $1 - y$ et $1 - y^2$ sont égaux. Une seule expression n’aurait donc pas suffi ; le
# hasard en essaie assez pour que rien n’échappe à toutes. Le moteur réparé est de nouveau d’accord
# partout.
#
# ## Ce qui le sépare de PyTorch {#difference}
#
# L’idée est la même : enregistrer les opérations, les reprendre à rebours, additionner les parts.
# Ce que PyTorch y ajoute tient à l’usage : un nœud traite un tenseur entier, et non un nombre ; les
# valeurs sont libérées après le passage ; le graphe ne garde que ce qui mène à la sortie, alors que
# notre bande garde tout. Enfin, notre `backward` efface d’abord tous les `grad`, alors que celui de
# PyTorch [ajoute](../autograd.md#accumulation) aux précédents.
#
# ## À retenir {#summary}
#
# - Un moteur de différentiation garde, pour chaque résultat, ce dont il vient et les dérivées
#   locales.
# - L’ordre du calcul, lu à rebours, est un bon ordre pour la passe arrière.
# - Les parts s’additionnent : c’est la règle des chemins multiples.
# - Un test au hasard ne vaut que si l’on a vu qu’il peut échouer.
#
# ## À vous {#exercises}
#
# ### 1. ReLU {#exercise-relu}
#
# Ajoutez au moteur la fonction `relu`, avec `function`, puis à `OPERATIONS`. Les tenseurs ont une
# méthode du même nom. Les deux moteurs sont-ils toujours d’accord ?
#
# ??? success "Solution"
#
#     La valeur est le maximum de 0 et de $x$ ; la pente vaut 1 si $x$ est positif, et 0 sinon. En
#     0, où ReLU n’a pas de dérivée, PyTorch donne 0 : faites de même.
#
# ### 2. Deux sorties {#exercise-two-outputs}
#
# Appelez `backward` sur un nombre qui n’est pas le dernier de la bande. Pourquoi le résultat est-il
# encore juste ?
#
# ??? success "Solution"
#
#     La sortie choisie ne vient pas des nombres inscrits après elle : leur `grad` reste 0, et ils
#     n’envoient que des parts nulles.
#
# ### 3. Apprendre avec ce moteur {#exercise-learn}
#
# Le moteur calcule des gradients ; faites-en apprendre le neurone : vingt pas de descente, avec un
# taux de 1. Que faut-il faire de la bande à chaque pas ?
#
# ??? tip "Indice"
#
#     Un pas donne deux nombres nouveaux, qui ne viennent d’aucun autre.
#
# ## Une solution {#solutions}
#
# À chaque pas, la bande repart de rien, et les deux paramètres y entrent en premier, comme des
# feuilles : sinon elle s’allongerait sans fin, et chaque passe arrière remonterait tous les pas
# précédents.

# %% [markdown] lang="en"
# The first two errors show in each of the 200 expressions. The third escapes three of them, in
# which $\tanh$ does not occur, or is taken only where the error does not count: at 0, for instance,
# $1 - y$ and $1 - y^2$ are equal. So one expression would not have been enough; chance tries enough
# of them for nothing to escape them all. The engine, mended, agrees everywhere again.
#
# ## What sets it apart from PyTorch {#difference}
#
# The idea is the same: record the operations, take them up again backwards, add up the shares. What
# PyTorch adds comes from use: a node handles a whole tensor, not one number; values are freed after
# the pass; the graph keeps only what leads to the output, while our tape keeps everything. Lastly,
# our `backward` first clears all the `grad`, while that of PyTorch
# [adds](../autograd.md#accumulation) to those that were there.
#
# ## Summary {#summary}
#
# - An autograd engine keeps, for each result, what it comes from and the local derivatives.
# - The order of the calculation, read backwards, is a good order for the backward pass.
# - The shares add up: it is the rule of several paths.
# - A random test is worth something only once one has seen that it can fail.
#
# ## Your turn {#exercises}
#
# ### 1. ReLU {#exercise-relu}
#
# Add the function `relu` to the engine, with `function`, and then to `OPERATIONS`. Tensors have a
# method of the same name. Do the two engines still agree?
#
# ??? success "Solution"
#
#     The value is the maximum of 0 and $x$; the slope is 1 if $x$ is positive, and 0 otherwise. At
#     0, where ReLU has no derivative, PyTorch gives 0: do the same.
#
# ### 2. Two outputs {#exercise-two-outputs}
#
# Call `backward` on a number that is not the last one on the tape. Why is the result still right?
#
# ??? success "Solution"
#
#     The numbers that went on it later are not what the chosen output comes from: their `grad`
#     stays 0, and they send shares of zero only.
#
# ### 3. Learn with this engine {#exercise-learn}
#
# The engine computes gradients; let the neuron learn from them: twenty steps of descent, with a
# rate of 1. What must be done with the tape at each step?
#
# ??? tip "Hint"
#
#     A step gives two new numbers, which come from no other.
#
# ## A solution {#solutions}
#
# At each step the tape starts from nothing, and the two parameters go on it first, as leaves:
# otherwise it would grow without end, and each backward pass would go back over all the steps
# before.

# %% solution-learn
w, b = 2.2, 0.0
for step in range(21):
    tape.clear()
    leaves = Scalar(w), Scalar(b)
    z = leaves[0] * Scalar(1.1) + leaves[1]
    loss = (Scalar(1.0) + (Scalar(0.0) - z).exp()).log()
    backward(loss)
    if step in (0, 1, 20):
        print(step, f"{loss.value:.4f}", len(tape))
    w, b = w - leaves[0].grad, b - leaves[1].grad
#> 0 0.0852 11
#> 1 0.0716 11
#> 20 0.0178 11

# %% [markdown] lang="fr"
# La perte baisse à chaque pas, et la bande garde la même longueur. C’est tout ce que fait une
# boucle d’entraînement ; celle de [PyTorch](../learning.md#loop) fait de même, sur des tenseurs.

# %% [markdown] lang="en"
# The loss falls at each step, and the tape keeps the same length. This is all that a training loop
# does; that of [PyTorch](../learning.md#loop) does the same, on tensors.
