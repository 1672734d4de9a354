"""Makes cached.safetensors in the fixtures llada and llada-grouped by running Fast-dLLM's caches on their weights.

  https://github.com/NVlabs/Fast-dLLM   24cc59e75f20a6384bae8c905965bb090b96388e   llada/generate.py, llada/model

  pip install torch==2.7.1 transformers==4.52.4 safetensors numpy
  python make_cache_fixtures.py FAST_DLLM FOLDER_OF_THE_FIXTURES

Per model, for each RULE: RULE [1, N] and RULE.prompt [1, P], what Fast-dLLM fills in at temperature 0 with keys and
values kept. MASK and the rows above the tokenizer's last id are kept from being chosen, as in make_llama_fixtures.py.
"""

import ast
import importlib
import json
import pathlib
import sys
import types

import numpy
import safetensors.torch
import torch
import torch.nn.functional as F

CLONE = pathlib.Path(sys.argv[1])
FIXTURES = pathlib.Path(sys.argv[2])
PROMPT = torch.tensor([[3, 1, 4]])
HOLES, BLOCK = 24, 8


def network(folder):
    package = sys.modules["reference"] = types.ModuleType("reference")
    package.__path__ = [str(CLONE / "llada/model")]
    modeling = importlib.import_module("reference.modeling_llada")
    configuration = importlib.import_module("reference.configuration_llada")
    outer = configuration.LLaDAConfig(**json.loads((folder / "config.json").read_text()))
    inner = modeling.create_model_config_from_pretrained_config(outer)
    inner.init_device = "cpu"
    made = modeling.LLaDAModelLM(outer, modeling.LLaDAModel(inner, init_params=False))
    state = {k: v.float() for k, v in safetensors.torch.load_file(folder / "model.safetensors").items()}
    missing, unexpected = made.load_state_dict(state, strict=False)
    assert not unexpected and all("rotary" in name or "inv_freq" in name for name in missing), (missing, unexpected)
    return made.float().eval()


def generator():
    file = "llada/generate.py"
    tree = ast.parse((CLONE / file).read_text())
    scope = {"torch": torch, "F": F, "np": numpy}
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name != "main"]
    exec(compile(ast.Module(functions, []), file, "exec"), scope)
    return types.SimpleNamespace(**scope)


class Choosing(torch.nn.Module):
    """A network that never chooses MASK or a row without a token."""

    def __init__(self, inner, mask, known):
        super().__init__()
        self.inner, self.mask, self.known, self.device = inner, mask, known, "cpu"

    def forward(self, x, **how):
        out = self.inner(x, **how)
        logits = out.logits.clone()
        logits[..., self.mask] = -torch.inf
        logits[..., self.known:] = -torch.inf
        return types.SimpleNamespace(logits=logits, past_key_values=out.past_key_values)


def fixture(name):
    folder = FIXTURES / name
    config = json.loads((folder / "config.json").read_text())
    known = 1 + max(t["id"] for t in json.loads((folder / "tokenizer.json").read_text())["added_tokens"])
    mask = config["mask_token_id"]
    choosing, fast, expected = Choosing(network(folder), mask, known), generator(), {}
    makers = {"none": fast.generate, "prefix": fast.generate_with_prefix_cache, "dual": fast.generate_with_dual_cache}
    for kind, make in makers.items():
        for label, steps, tau in (("steps", 12, None), ("threshold", HOLES, 0.3)):
            rule = f"{kind}_{label}"
            tokens, _ = make(choosing, PROMPT, steps, HOLES, BLOCK, 0.0, "low_confidence", mask, tau)
            expected |= {rule: tokens, rule + ".prompt": PROMPT}
            print(name, rule, tokens.tolist())
    safetensors.torch.save_file({k: v.contiguous().clone() for k, v in expected.items()}, folder / "cached.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    fixture("llada")
    fixture("llada-grouped")
