"""The edit distance of two words, by dynamic programming."""

# %% distance
def distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            change = above + (x != y)
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, change)
    return row[-1]

# %% kitten
print(distance("kitten", "sitting"))
#> 3
print(round(distance("kitten", "sitting") / len("sitting"), 2))
#> 0.43
print(distance("kitten", "kitten"))
#> 0
