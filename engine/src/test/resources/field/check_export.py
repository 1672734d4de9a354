"""Loads what `dllm export` wrote with MDLM's or SEDD's own code and compares its laws of masked tokens.

  dllm export --model radd --to mdlm --out EXPORTED          (the fixtures beside this file)
  python check_export.py FOLDER_OF_THE_CLONES EXPORTED radd/expected.safetensors

The clones and packages are those of make_fixtures.py, whose stand-in for flash-attn is used. The last argument is what
another code answered for the same weights: a fixture's expected.safetensors, or a JSON file {"length", "sigmas",
"tokens", "laws"} of probabilities [rows][V]. Prints the largest difference of log-probabilities, relative to the row's
largest; MASK is left out.
"""

import json
import pathlib
import sys

import safetensors.torch
import torch

folder, answers = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
sys.argv = sys.argv[:2] + ["unused"]
import make_fixtures as fixtures  # noqa: E402

fixtures.without_flash_attention()
config = json.loads((folder / "config.json").read_text())
if "model_type" in config:
    sizes = {"hidden_size": config["hidden_dim"], "cond_dim": config["cond_dim"], "n_blocks": config["n_blocks"],
             "n_heads": config["n_heads"], "dropout": config["dropout"], "scale_by_sigma": True}
    network = fixtures.module("mdlm", "models.dit").DIT({"model": sizes}, config["vocab_size"])
    state = safetensors.torch.load_file(folder / "model.safetensors")
    network.load_state_dict({k.removeprefix("backbone."): v for k, v in state.items()}, strict=True)
else:
    repository = "Score-Entropy-Discrete-Diffusion"
    network = fixtures.module(repository, "model.transformer").SEDD.from_pretrained(str(folder))
network.eval()
timed = config.get("time_conditioning", True)
mask = config.get("vocab_size", config.get("tokens", 0) + 1) - 1

cases = []
if answers.suffix == ".json":
    said = json.loads(answers.read_text())
    tokens = torch.tensor(said["tokens"]).view(-1, said["length"])
    laws = torch.tensor(said["laws"], dtype=torch.float64).view(*tokens.shape, -1)
    cases.append((tokens, torch.tensor(said["sigmas"]), laws[..., :mask].log()))
else:
    said = safetensors.torch.load_file(answers)
    for k in range(len(fixtures.CASES)):
        logits = said[f"logits.{k}"].double()[..., :mask]
        cases.append((said[f"tokens.{k}"], said[f"sigmas.{k}"], logits.log_softmax(-1)))

worst = 0.0
for tokens, sigmas, expected in cases:
    with torch.no_grad():
        actual = network(tokens, sigmas if timed else torch.zeros_like(sigmas)).double()[..., :mask].log_softmax(-1)
    off = (actual - expected).abs().amax(-1) / expected.abs().amax(-1)
    worst = max(worst, off[tokens == mask].max().item())  # SEDD's code has another number at the token that is there
print(f"{folder.name}: {worst:.1e}")
