"""Makes the fixtures beside this file by running the field's own code on small random weights.

The code is not here. Clone these beside each other, at these commits, and give the folder:

  https://github.com/louaaron/Score-Entropy-Discrete-Diffusion   0605786da5ccb5747545e26d66fdf477187598b6
  https://github.com/kuleshov-group/mdlm                         c112c526d193436838c98d81455ee51f90309470
  https://github.com/ML-GSAI/RADD                                60b772df3ad4bc0213e867ec62923fe90359b93d
  https://github.com/kuleshov-group/discrete-diffusion-guidance  edb0f8c28b7caeb4ea7a06a2fee8d74ab6da1661
  https://github.com/s-sahoo/duo                                 7c9b498f5b717de064d6fad7e2509c866e6cb620
  https://github.com/kuleshov-group/bd3lms                       1c3e8f43d88dfbcee5ff2aa6932a9e74b31ae1d7

  pip install torch==2.7.1 transformers==4.52.4 safetensors einops omegaconf
  python make_fixtures.py FOLDER_OF_THE_CLONES OUT

Runs on the CPU in float32: flash-attn, which is not needed for that, is replaced by plain attention here, in memory.
Every parameter is drawn anew, since these networks start with zeros where noise level and head enter.

Per family: config.json, model.safetensors, tokenizer.json, expected.safetensors. In the last one, for each case k:
  tokens.k [B, N], sigmas.k [B], logits.k [B, N, V]   what the network answers (for SEDD the log score, as it returns it)
  KIND.k [B, N, V]                                     probabilities of one step of the reference's sampler, from the
                                                       case's sigma to to.k [B]; euler also has its step size h.k [B]
BD3LM's sequences begin with the begin of a text; all but their last block is clean, and logits are as it samples. Of the
last block, S tokens: cached.k [B, S, V] what the network answers with its cache, ancestral.k [B, S, V], and
hitting.k [B, S, V] the law from which first hitting draws the token it reveals. At the model's length, as it trains:
  twin.noisy [B, N], twin.clean [B, N], twin.logits [B, N, V]
"""

import ast
import importlib.machinery
import json
import pathlib
import sys
import types

import einops
import safetensors.torch
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf

LETTERS = "abcdefghijklmnopqrstuvwxyz ."
WIDTH, LAYERS, HEADS, CONDITION, LENGTH, BLOCK = 16, 2, 2, 8, 12, 4
CASES = [(3, 8, 1), (2, 5, 2)]  # sequences, tokens, seed
CLONES = pathlib.Path(sys.argv[1])
OUT = pathlib.Path(sys.argv[2])


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    cos, sin = cos[:, None, :], sin[:, None, :]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def without_flash_attention():
    def qkv_rotary(qkv, cos, sin):
        return torch.stack([rotate(qkv[:, :, 0], cos, sin), rotate(qkv[:, :, 1], cos, sin), qkv[:, :, 2]], 2)

    def attention(qkv, ends, longest, dropout, causal):
        q, k, v = einops.rearrange(qkv, "(b s) t h d -> t b h s d", s=longest)
        x = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return einops.rearrange(x, "b h s d -> (b s) h d")

    names = ["flash_attn", "flash_attn.layers", "flash_attn.layers.rotary", "flash_attn.flash_attn_interface"]
    for name in names:
        module = sys.modules[name] = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        if "." in name:
            setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], module)
    rotary = sys.modules["flash_attn.layers.rotary"]
    rotary.apply_rotary_emb_qkv_ = qkv_rotary
    rotary.apply_rotary_emb_torch = rotate
    sys.modules["flash_attn.flash_attn_interface"].flash_attn_varlen_qkvpacked_func = attention


def module(repository, path):
    """A module of a clone, without what its package's __init__ imports."""
    root = CLONES / repository
    for name in [n for n in sys.modules if n.split(".")[0] in ("model", "models", "catsample", "noise_lib", "graph_lib")]:
        del sys.modules[name]
    sys.path.insert(0, str(root))
    try:
        folder = path.rpartition(".")[0]
        if folder:
            parent = sys.modules[folder] = types.ModuleType(folder)
            parent.__path__ = [str(root / folder)]
        __import__(path)
        return sys.modules[path]
    finally:
        sys.path.pop(0)


def function(repository, file, name, **names):
    """One function or method of a file of a clone, without the file's imports."""
    tree = ast.parse((CLONES / repository / file).read_text())
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
    scope = {"torch": torch, "F": F, **names}
    exec(compile(ast.Module([found[0]], []), file, "exec"), scope)
    return scope[name]


def randomise(network, seed, head=2.0):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(network.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        scale = 0.3 if parameter.dim() < 2 or "adaLN" in name or "cond_map" in name else parameter.shape[-1] ** -0.5
        scale = 1.0 if "vocab_embed" in name else head * scale if "output_layer.linear" in name else scale
        one = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        parameter.data.copy_(one + scale * noise)
    return network.eval()


def case(size, length, seed, vocabulary, mask):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(vocabulary, (size, length), generator=generator)
    if mask is not None:
        tokens[torch.rand(size, length, generator=generator) < 0.5] = mask
        tokens[0, 0] = mask
    t = torch.tensor([0.9, 0.5, 0.1][:size])
    return tokens, t


def loglinear(t):
    return -torch.log1p(-(1 - 1e-3) * t)


def letters(folder, *special):
    """A tokenizer of single characters that, as GPT-2's, knows no MASK."""
    added = [{"id": len(LETTERS) + i, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for i, name in enumerate(special)]
    vocab = {c: i for i, c in enumerate(LETTERS)}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": []}
    json_file = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
                 "pre_tokenizer": None, "post_processor": None, "decoder": {"type": "Fuse"}, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(json_file))


def save(name, config, state, expected, *special):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    safetensors.torch.save_file({k: v.contiguous() for k, v in state.items()}, folder / "model.safetensors", {"format": "pt"})
    safetensors.torch.save_file({k: v.contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
    letters(folder, *special)


def expectations(network, vocabulary, mask, steps):
    """network(tokens, sigmas) -> logits; steps(tokens, t, logits) -> named tensors."""
    expected = {}
    with torch.no_grad():
        for k, shape in enumerate(CASES):
            tokens, t = case(*shape, vocabulary, mask)
            sigmas = loglinear(t)
            logits = network(tokens, sigmas)
            expected |= {f"tokens.{k}": tokens, f"sigmas.{k}": sigmas, f"logits.{k}": logits.float().clone()}
            expected |= {f"{name}.{k}": x.float().clone() for name, x in steps(tokens, t, logits.clone()).items()}
    return expected


def sedd(name, graph_type, seed):
    # Small scores: where large ones ask for negative probabilities, the reference's steps are no laws.
    scaled = graph_type == "absorb"
    config = {"tokens": len(LETTERS), "graph": {"type": graph_type, "file": "data", "report_all": False},
              "noise": {"type": "loglinear", "sigma_min": 1e-4, "sigma_max": 20},
              "model": {"name": "tiny", "type": "ddit", "hidden_size": WIDTH, "cond_dim": CONDITION, "length": LENGTH,
                        "n_blocks": LAYERS, "n_heads": HEADS, "scale_by_sigma": scaled, "dropout": 0.1}}
    repository = "Score-Entropy-Discrete-Diffusion"
    network = randomise(module(repository, "model.transformer").SEDD(config), seed, 0.4 if scaled else 0.02)
    graphs = module(repository, "graph_lib")
    noise = module(repository, "noise_lib").LogLinearNoise()
    graph = graphs.get_graph(OmegaConf.create(config), "cpu")

    def steps(tokens, t, logits):
        score, t = logits.exp(), t[:, None]
        h = 0.05
        sigma, rate = noise(t)
        to = noise(t - h)[0]
        staggered = graph.staggered_score(score, sigma - to)
        last = graph.staggered_score(score, sigma)
        euler = h * rate[..., None] * graph.reverse_rate(tokens, score)
        return {"to": to[:, 0], "h": (h * rate)[:, 0],
                "analytic": staggered * graph.transp_transition(tokens, sigma - to),
                "denoise": last * graph.transp_transition(tokens, sigma),
                "euler": F.one_hot(tokens, graph.dim) + euler}

    mask = len(LETTERS) if scaled else None
    expected = expectations(network, graph.dim, mask, steps)
    save(name, config, network.state_dict(), expected)


def mdlm(name, time_conditioning, seed):
    vocabulary, mask = len(LETTERS) + 1, len(LETTERS)
    # The hub's files have the flat configuration of its MDLMConfig; the network is that of the repository.
    config = {"architectures": ["MDLM"], "model_type": "mdlm", "vocab_size": vocabulary, "model_length": LENGTH,
              "hidden_dim": WIDTH, "cond_dim": CONDITION, "n_blocks": LAYERS, "n_heads": HEADS, "dropout": 0.1,
              "time_conditioning": time_conditioning, "torch_dtype": "float32", "return_dict": False}
    sizes = {"hidden_size": WIDTH, "cond_dim": CONDITION, "n_blocks": LAYERS, "n_heads": HEADS, "dropout": 0.1,
             "scale_by_sigma": True}
    network = randomise(module("mdlm", "models.dit").DIT({"model": sizes}, vocabulary), seed)
    subs = function("mdlm", "diffusion.py", "_subs_parameterization")
    process = function("mdlm", "diffusion.py", "_process_sigma")
    drawn = []
    update = function("mdlm", "diffusion.py", "_ddpm_update", _sample_categorical=lambda q: drawn.append(q) or q.argmax(-1))
    noise = lambda t: (loglinear(t), None)
    me = types.SimpleNamespace(mask_index=mask, neg_infinity=-1e6, time_conditioning=time_conditioning,
                               parameterization="subs", noise=noise)
    raw = lambda x, sigma: network(x, process(me, sigma))
    me.forward = lambda x, sigma: subs(me, raw(x, sigma), x)

    def steps(tokens, t, logits):
        h = 0.05
        update(me, tokens, t[:, None], h)
        q = drawn.pop()
        return {"to": loglinear(t - h), "ancestral": q / q.sum(-1, keepdim=True)}

    expected = expectations(raw, vocabulary, mask, steps)
    save(name, config, {"backbone." + k: v for k, v in network.state_dict().items()}, expected)


def radd(name, seed):
    config = {"tokens": len(LETTERS), "noise": {"type": "loglinear", "sigma_min": 1e-4, "sigma_max": 20},
              "training": {"loss_type": "t_DCE"},
              "model": {"name": "tiny_radd", "type": "ddit_wot", "hidden_size": WIDTH, "cond_dim": CONDITION,
                        "length": LENGTH, "n_blocks": LAYERS, "n_heads": HEADS, "dropout": 0.02,
                        "use_checkpoint": False, "dtype": "float32"}}
    network = randomise(module("RADD", "model.transformer").RADD(config), seed)
    rate = function("RADD", "sampling.py", "get_update_rate")
    noise = module("RADD", "noise_lib").LogLinearNoise()
    size = 20

    def steps(tokens, t, logits):
        me = types.SimpleNamespace(eps=0.0, noise=noise, method="tweedie")
        tweedie = torch.stack([rate(me, x, size) for x in t])
        me.method = "euler"
        euler = torch.stack([rate(me, x, size) for x in t])
        return {"to": loglinear(t - 1 / size), "h": noise(t)[1] / size, "tweedie_rate": tweedie, "euler_rate": euler,
                "law": network(tokens).exp()}

    expected = expectations(lambda x, sigma: network.logits(x), len(LETTERS) + 1, len(LETTERS), steps)
    save(name, config, network.state_dict(), expected)


def posterior(repository, file, name, symbols):
    rule = function(repository, file, name)
    me = types.SimpleNamespace(vocab_size=symbols, diffusion="uniform", limiting_distribution=1 / symbols,
                               dtype=torch.float32, device="cpu",
                               config=types.SimpleNamespace(sampling=types.SimpleNamespace(use_float64=False)))

    def steps(tokens, t, logits):
        h = 0.05
        to = loglinear(t - h)
        a = torch.exp(-loglinear(t))[:, None, None], torch.exp(-to)[:, None, None]
        return {"to": to, "ancestral": rule(me, logits.log_softmax(-1).exp(), tokens, a[1], a[0])}

    return steps


def udlm(name, classes, seed):
    symbols = len(LETTERS)
    repository = "discrete-diffusion-guidance"
    hub = module(repository, "models.hf")
    config = hub.UDLMConfig(vocab_size=symbols, model_length=LENGTH, hidden_dim=WIDTH, cond_dim=CONDITION, n_blocks=LAYERS,
                            n_heads=HEADS, cfg=classes > 0, cfg_num_classes=classes if classes else -1, return_dict=False)
    network = randomise(hub.UDLM(config), seed)
    # Without a class the sampler of a model with classes gives the number of classes, which training used for "none".
    label = lambda x, c: torch.full((len(x),), c) if classes else None
    steps = posterior(repository, "diffusion.py", "_compute_posterior", symbols)
    expected = expectations(lambda x, sigma: network(x, sigma, cond=label(x, classes)), symbols, None, steps)
    if classes:
        with torch.no_grad():
            for k in range(len(CASES)):
                expected[f"class1.{k}"] = network(expected[f"tokens.{k}"], expected[f"sigmas.{k}"], cond=label(expected[f"tokens.{k}"], 1))
    state = network.state_dict()
    written = json.loads(config.to_json_string(use_diff=True))
    save(name, written | {"architectures": ["UDLM"]}, state, expected)


def duo(name, seed):
    symbols = len(LETTERS) + 1  # GPT-2's ids and the [PAD] that Duo's data loader adds
    config = {"architectures": ["DUO"], "model_type": "duo", "vocab_size": symbols, "model_length": LENGTH, "causal": False,
              "hidden_dim": WIDTH, "cond_dim": CONDITION, "n_blocks": LAYERS, "n_heads": HEADS, "dropout": 0.1,
              "var_min": True, "torch_dtype": "float32"}
    sizes = {"hidden_size": WIDTH, "cond_dim": CONDITION, "n_blocks": LAYERS, "n_heads": HEADS, "dropout": 0.1,
             "scale_by_sigma": True}
    network = module("duo", "models.dit").DIT({"model": sizes, "algo": {"causal_attention": False}}, symbols)
    network = randomise(network, seed)
    steps = posterior("duo", "algo.py", "_posterior_from_x0", symbols)
    expected = expectations(network, symbols, None, steps)
    save(name, config, {"backbone." + k: v for k, v in network.state_dict().items()}, expected)


def bd3lm(name, block, adaln, seed):
    begin, mask, vocabulary, length = len(LETTERS), len(LETTERS) + 1, len(LETTERS) + 2, 4 * BLOCK
    hub = module("bd3lms", "models.hf")
    config = hub.BD3LMConfig(block_size=block, vocab_size=vocabulary, model_length=length, cross_attn=True, adaln=adaln,
                             attn_backend="sdpa", causal=False, hidden_dim=WIDTH, cond_dim=CONDITION, n_blocks=LAYERS,
                             n_heads=HEADS, time_conditioning=False, var_min=True, return_dict=False)
    network = randomise(hub.BD3LM(config), seed)
    subs = function("bd3lms", "diffusion.py", "_subs_parameterization")
    drawn = []
    update = function("bd3lms", "diffusion.py", "_ddpm_caching_update",
                      _sample_categorical=lambda q: drawn.append(q) or q.argmax(-1))
    sampling = types.SimpleNamespace(kv_cache=False, first_hitting=False, nucleus_p=1.0)
    me = types.SimpleNamespace(mask_index=mask, neg_infinity=-1e6, block_size=block, noise=lambda t: (-1 / t, t),
                               config=types.SimpleNamespace(sampling=sampling), _nucleus_sample=lambda p: p,
                               _sigma_from_p=lambda p: -torch.log1p(-p))
    zero = lambda x: torch.zeros(len(x))
    me.forward = lambda x, sigma, sample_mode: subs(me, network(x, zero(x), sample_mode=sample_mode), x)

    def cached(tokens):
        for layer in network.backbone.blocks:
            layer.kv_cache, layer.cache_idx = torch.zeros(len(tokens), length, 3 * WIDTH), 0
        for i in range(0, tokens.shape[1], block):
            last = i + block == tokens.shape[1]
            logits = network(tokens[:, i:i + block], zero(tokens), sample_mode=True, store_kv=not last)
        for layer in network.backbone.blocks:
            layer.kv_cache = None
        return logits

    def law(tokens, t, hitting):
        sampling.first_hitting = hitting
        for b in range(len(tokens)):  # first hitting takes one sequence at a time
            update(me, tokens[b:b + 1], t[b:b + 1, None], 0.05)
        q = torch.cat(drawn)
        drawn.clear()
        return q

    expected = {}
    with torch.no_grad():
        for k, (size, count) in enumerate([(3, 3 * BLOCK), (2, length)]):
            tokens, t = case(size, count, seed + k, len(LETTERS), None)
            tokens[:, 0] = begin
            last = tokens[:, -block:]
            last[torch.rand(last.shape, generator=torch.Generator().manual_seed(k)) < t[:, None]] = mask
            last[:, -1] = mask
            q = law(tokens, t, False)
            expected |= {f"tokens.{k}": tokens, f"sigmas.{k}": -torch.log1p(-t), f"to.{k}": -torch.log1p(-(t - 0.05)),
                         f"logits.{k}": network(tokens, zero(tokens), sample_mode=True).clone(),
                         f"cached.{k}": cached(tokens).clone(), f"ancestral.{k}": (q / q.sum(-1, keepdim=True)).float(),
                         f"hitting.{k}": law(tokens, t, True).float()}
        clean, _ = case(2, length, seed + 2, len(LETTERS), None)
        noisy, _ = case(2, length, seed + 2, len(LETTERS), mask)
        clean[:, 0] = noisy[:, 0] = begin
        noisy = torch.where(noisy == mask, mask, clean)
        expected |= {"twin.noisy": noisy, "twin.clean": clean,
                     "twin.logits": network(torch.cat([noisy, clean], 1), zero(clean)).clone()}
    written = json.loads(config.to_json_string(use_diff=True))
    save(name, written | {"architectures": ["BD3LM"]}, network.state_dict(), expected, "<|endoftext|>")


if __name__ == "__main__":
    torch.set_num_threads(1)
    without_flash_attention()
    sedd("sedd-absorb", "absorb", 11)
    sedd("sedd-uniform", "uniform", 12)
    mdlm("mdlm", False, 13)
    mdlm("mdlm-time", True, 14)
    radd("radd", 15)
    udlm("udlm", 0, 16)
    udlm("udlm-classes", 3, 17)
    duo("duo", 18)
    bd3lm("bd3lm", BLOCK, True, 19)
    bd3lm("bd3lm-plain", BLOCK, False, 20)
