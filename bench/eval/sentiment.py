"""Sentiment beside VADER on rated or labelled files: `sentiment.py WORK_FOLDER [FILE..]`.

A file the model was trained on is marked: there the numbers are those of training, and the cross-validated ones of
the trainer are what to quote.
"""
import json
import subprocess
import sys

from files import DATA, SCORERS, enrich, rated, write
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

TRAINED = {"tweets", "amazon", "movie", "nyt", "train_semeval", "train_dynasent"}
SETS = sys.argv[2:] or ["tweets", "amazon", "movie", "nyt", "semeval2016"]


def check(name, baseline, exact):
    """Python before 3.12 adds floats less exactly, which moves a last digit now and then."""
    pairs = [(json.loads(a), json.loads(b)) for a, b in zip(open(baseline), open(exact), strict=True)]
    same = sum(a == b for a, b in pairs)
    assert all(abs(a["compound"] - b["compound"]) < 1.5e-4 for a, b in pairs), f"{name}: not PyPI's score"
    assert same == len(pairs) or sys.version_info < (3, 12), f"{name}: {len(pairs) - same} scores are not PyPI's"


def main(work):
    vader = SentimentIntensityAnalyzer()
    print(f"{'sentiment':<14}{'':<10}{'r':>8}{'w. F1':>8}{'m. recall':>11}  difference of r, 95 %")
    for name in SETS:
        texts = list(rated(name))
        baseline, exact, ours = (f"{work}/{name}.{kind}.jsonl" for kind in ("vader", "exact", "kinflow"))
        write(baseline, ({"id": i, "compound": vader.polarity_scores(t)["compound"]} for i, t in texts))
        answers, _ = enrich(texts, "--vader", "--top", "0")
        write(exact, ({"id": i, "compound": a["sentiment"]["compound"]} for i, a in answers))
        answers, _ = enrich(texts, "--top", "0")
        write(ours, ({"id": i, "compound": a["sentiment"]["score"], "label": a["sentiment"]["label"]} for i, a in answers))
        check(name, baseline, exact)
        command = [sys.executable, f"{SCORERS}/sentiment.py", "--json", "--boot", "200", f"{DATA}/sentiment/{name}.tsv"]
        for row in json.loads(subprocess.check_output([*command, baseline, ours])):
            difference = row.get("ci95_diff_to_first", {}).get("r")
            interval = f"  [{difference[0]:+.3f}, {difference[1]:+.3f}]" if difference else ""
            kind = "kinflow" if difference else "VADER"
            marked = name + "*" * (name in TRAINED)
            print(f"{marked:<14}{kind:<10}{row['r']:>8.4f}{row['weighted_F1']:>8.4f}{row['macro_R']:>11.4f}{interval}")
    print("* trained on these texts: quote the cross-validated table instead")


main(sys.argv[1])
