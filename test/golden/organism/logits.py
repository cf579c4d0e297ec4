"""Logits of the embedded language model by Hugging Face's transformers (float32, plain attention): python3 logits.py, with transformers and torch.

Writes logits.json beside this file: for each text the ids of its tokenizer, and for each position the five largest logits with their ids, the mean of all and
the log of the sum of their exponentials. Run it again whenever organism/model has changed.
"""

import hashlib
import json
import pathlib

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent.parent.parent / "organism" / "model"
TEXTS = [
    "How are you?",
    "How are you? I am happy. My friends made me laugh.",
    "Anna was in the garden. The box was large, but the other was small.",
    "Quarks & qubits: 42 words that no grammar has, naïvely – 漢字 \U0001f600.",
]


def main():
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    model = transformers.AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    rows = []
    for text in TEXTS:
        ids = tokenizer(text)["input_ids"]
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0].double()
        top = logits.topk(5)
        rows.append(
            {
                "text": text,
                "ids": ids,
                "decoded": tokenizer.decode(ids, skip_special_tokens=True),
                "top_ids": top.indices.tolist(),
                "top_logits": [[round(x, 6) for x in row] for row in top.values.tolist()],
                "mean": [round(x, 6) for x in logits.mean(-1).tolist()],
                "log_sum_exp": [round(x, 6) for x in logits.logsumexp(-1).tolist()],
            }
        )
    weights = hashlib.sha256((MODEL / "model.safetensors").read_bytes()).hexdigest()
    document = {
        "by": f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}",
        "weights_sha256": weights,
        "class": type(model).__name__,
        "rows": rows,
    }
    (HERE / "logits.json").write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n")
    print(f"{len(rows)} texts, weights {weights[:12]}")


main()
