#!/usr/bin/env python3
"""What `bench training --device cuda:0` is measured beside: the same LoRA training by transformers and PEFT, on a GPU.

Needs torch with CUDA, transformers and peft. Input: a JSON array of rows {"ids": [...], "labels": [...]}; weights are random, each batch is padded to its
longest row. Prints one JSON line; tokens are real ones, the time is the best of three passes after some steps that are not counted.
Example: transformers_peft.py rows.json --steps 60
"""
import argparse, json, time
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("rows")
for name, default in (("steps", 12), ("batch", 8), ("layers", 8), ("hidden", 512), ("heads", 8), ("ff", None)):
    arguments.add_argument(f"--{name}", type=int, default=default)
a = arguments.parse_args()

torch.manual_seed(0)
device = torch.device("cuda:0")
config = LlamaConfig(vocab_size=32000, hidden_size=a.hidden, intermediate_size=a.ff or a.hidden * 43 // 16, num_hidden_layers=a.layers,
                     num_attention_heads=a.heads, num_key_value_heads=a.heads, max_position_embeddings=8192)
torch.set_default_dtype(torch.bfloat16)
with device:
    model = LlamaForCausalLM._from_config(config, attn_implementation="sdpa")
torch.set_default_dtype(torch.float32)
model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"]))
model.train()
trained = [w for w in model.parameters() if w.requires_grad]
optimiser = torch.optim.AdamW(trained, lr=3e-4, weight_decay=0.01, fused=True)
rows = json.load(open(a.rows))[: a.batch * a.steps]
batches = [rows[i * a.batch:(i + 1) * a.batch] for i in range(a.steps)]

def step(batch):
    longest = max(len(row["ids"]) for row in batch)
    ids, mask = torch.zeros(len(batch), longest, dtype=torch.long), torch.zeros(len(batch), longest, dtype=torch.long)
    labels = torch.full((len(batch), longest), -100)
    for i, row in enumerate(batch):
        n = len(row["ids"])
        ids[i, :n], labels[i, :n], mask[i, :n] = torch.tensor(row["ids"]), torch.tensor(row["labels"]), 1
    loss = model(input_ids=ids.to(device), labels=labels.to(device), attention_mask=mask.to(device)).loss
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimiser.step()
    return loss.detach()

for batch in batches[:3] + [max(batches, key=lambda batch: max(len(row["ids"]) for row in batch))]:
    step(batch)
seconds = []
for _ in range(3):
    torch.cuda.synchronize()
    started = time.perf_counter()
    losses = [step(batch) for batch in batches]
    torch.cuda.synchronize()
    seconds.append(time.perf_counter() - started)
tokens = sum(len(row["ids"]) for batch in batches for row in batch)
print(json.dumps({"tokens_per_s": round(tokens / min(seconds), 1), "step_ms": round(1000 * min(seconds) / a.steps, 3), "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2), "loss": [losses[0].item(), losses[-1].item()]}))
