"""Makes the fixtures llada, llada-grouped and dream beside this file by running the authors' code on small random weights.

The code is not here. Clone these beside each other, at these commits, and give the folder:

  https://github.com/ML-GSAI/LLaDA      b7e6c3565f194352da44b38dd12b6970597309f3   generate.py
  https://github.com/NVlabs/Fast-dLLM   24cc59e75f20a6384bae8c905965bb090b96388e   llada/generate.py: the threshold
  https://github.com/ZHZisZZ/dllm       ca176752fbceec49c6b4777a2c18ae88e4eb10ed   LLaDA's and Dream's modeling files, which
                                                                                  the authors keep with their weights only

  pip install torch==2.7.1 transformers==4.52.4 safetensors numpy
  python make_llama_fixtures.py FOLDER_OF_THE_CLONES OUT

Runs on the CPU in float32, with every parameter drawn anew. llada stores its weights in bfloat16, as the released
ones are, and is run with what that rounding leaves; dream's are in two shards with an index.

Per model: config.json, tokenizer.json, weights, expected.safetensors. In the last one, for each case k:
  tokens.k [B, N], sigmas.k [B] (which nothing reads), logits.k [B, N, V]   with Dream's shift applied, as it samples
  padded.tokens [B, N], padded.kept [B, N], padded.logits [B, N, V]         a batch padded on the left, 0 not kept
  chat [1, P]                                                   how the tokenizer's chat template writes MESSAGE
  RULE [1, N], RULE.prompt [1, P]                                           what the reference's decoding makes at temperature 0
MASK and the rows above the tokenizer's last id, which no training ever saw, are kept from being chosen when decoding.
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
import transformers

LETTERS = "abcdefghijklmnopqrstuvwxyz .\n"
ROWS = 40  # of embedding and head: more than the tokenizer has ids
CASES = [(3, 8, 1), (2, 5, 2)]  # sequences, tokens, seed
CLONES = pathlib.Path(sys.argv[1])
OUT = pathlib.Path(sys.argv[2])


def models(pipeline):
    """The modeling and configuration files of a pipeline, without what its packages import."""
    name = "reference_" + pipeline
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [str(CLONES / "dllm/dllm/pipelines" / pipeline / "models")]
    return (importlib.import_module(f"{name}.modeling_{pipeline}"), importlib.import_module(f"{name}.configuration_{pipeline}"))


def generator(file):
    """The functions of a file of a clone, without the file's imports."""
    tree = ast.parse((CLONES / file).read_text())
    scope = {"torch": torch, "F": F, "np": numpy}
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name != "main"]
    exec(compile(ast.Module(functions, []), file, "exec"), scope)
    return types.SimpleNamespace(**scope)


def randomise(network, seed):
    source = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(network.named_parameters()):
        noise = torch.randn(parameter.shape, generator=source)
        embedding = "wte" in name or "embed_tokens" in name
        head = "transformer.ff_out" in name or "lm_head" in name
        norm = "norm" in name or "ln_f" in name
        scale = 0.3 if parameter.dim() < 2 else 1.0 if embedding else parameter.shape[-1] ** -0.5
        parameter.data.copy_(float(norm) + (2.0 if head else 1.0) * scale * noise)
    return network.eval()


def canvas(size, length, seed, mask):
    source = torch.Generator().manual_seed(seed)
    tokens = torch.randint(len(LETTERS), (size, length), generator=source)
    tokens[torch.rand(size, length, generator=source) < 0.5] = mask
    return tokens


def expectations(answer, mask, pad):
    """answer(tokens, kept or None) -> logits."""
    expected = {}
    with torch.no_grad():
        for k, (size, length, seed) in enumerate(CASES):
            tokens = canvas(size, length, seed, mask)
            sigmas = -torch.log1p(-0.999 * torch.tensor([0.9, 0.5, 0.1][:size]))
            expected |= {f"tokens.{k}": tokens, f"sigmas.{k}": sigmas, f"logits.{k}": answer(tokens, None)}
        tokens = canvas(2, 7, 3, mask)
        kept = torch.ones_like(tokens)
        tokens[1, :3], kept[1, :3] = pad, 0
        expected |= {"padded.tokens": tokens, "padded.kept": kept, "padded.logits": answer(tokens, kept)}
    return expected


def tokenizer(folder, names):
    """Single characters, then special tokens."""
    vocab = {c: i for i, c in enumerate(LETTERS)}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": []}
    added = [{"id": len(vocab) + i, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for i, name in enumerate(names)]
    json_file = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
                 "pre_tokenizer": None, "post_processor": None, "decoder": {"type": "Fuse"}, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(json_file))


def chat(folder):
    config = {"bos_token": "<|startoftext|>", "chat_template": CHAT, "eos_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **config)
    return torch.tensor([fast.apply_chat_template([{"role": "user", "content": MESSAGE}])])


def save(name, config, network, expected, names, shards=1):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    kind = torch.bfloat16 if config["torch_dtype"] == "bfloat16" else torch.float32
    state = {k: v.to(kind).contiguous() for k, v in network.state_dict().items() if not k.endswith("rotary_emb.inv_freq")}
    if config.get("weight_tying") or config.get("tie_word_embeddings"):
        state.pop("lm_head.weight", None)
    keys = sorted(state)
    if shards == 1:
        safetensors.torch.save_file(state, folder / "model.safetensors", {"format": "pt"})
    else:
        index = {}
        for s in range(shards):
            file = f"model-{s + 1:05d}-of-{shards:05d}.safetensors"
            part = {k: state[k] for k in keys[s::shards]}
            safetensors.torch.save_file(part, folder / file, {"format": "pt"})
            index |= {k: file for k in part}
        size = sum(v.numel() * v.element_size() for v in state.values())
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": size}, "weight_map": index}, indent=1) + "\n")
    tokenizer(folder, names)
    if names is LLADA_TOKENS:
        expected["chat"] = chat(folder)
    safetensors.torch.save_file({k: v.contiguous().clone() for k, v in expected.items()}, folder / "expected.safetensors")


# chat_template of LLaDA-8B-Instruct's tokenizer_config.json.
CHAT = ("{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + "
        "message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
        "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
        "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}")
MESSAGE = " tell me.\nplease "
LLADA_TOKENS = ["<|startoftext|>", "<|endoftext|>", "<|mdm_mask|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
DREAM_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|beginoftext|>", "<|mask|>"]


def id_of(names, token):
    return len(LETTERS) + names.index(token)


class Choosing(torch.nn.Module):
    """A network that never chooses MASK or a row without a token, for the reference's generate."""

    def __init__(self, network, mask, known):
        super().__init__()
        self.network, self.mask, self.known, self.device = network, mask, known, "cpu"

    def forward(self, x, attention_mask=None):
        logits = self.network(x, attention_mask=attention_mask).logits.clone()
        logits[..., self.mask] = -torch.inf
        logits[..., self.known:] = -torch.inf
        return types.SimpleNamespace(logits=logits)


def llada(name, seed, dtype, key_heads, biases, tied, length):
    modeling, configuration = models("llada")
    mask, end = id_of(LLADA_TOKENS, "<|mdm_mask|>"), id_of(LLADA_TOKENS, "<|endoftext|>")
    config = {"activation_type": "silu", "alibi": False, "alibi_bias_max": 8.0, "architectures": ["LLaDAModelLM"],
              "attention_dropout": 0.0, "attention_layer_norm": False, "attention_layer_norm_with_affine": True,
              "bias_for_layer_norm": False, "block_group_size": 1, "block_type": "llama", "d_model": 32,
              "embedding_dropout": 0.0, "embedding_size": ROWS, "eos_token_id": end, "flash_attention": False,
              "include_bias": False, "include_qkv_bias": biases, "init_cutoff_factor": None, "init_device": "meta",
              "init_fn": "mitchell", "init_std": 0.02, "input_emb_norm": False, "layer_norm_type": "rms",
              "layer_norm_with_affine": True, "mask_token_id": mask, "max_sequence_length": length, "mlp_hidden_size": 48,
              "mlp_ratio": 4, "model_type": "llada", "multi_query_attention": None, "n_heads": 4, "n_kv_heads": key_heads,
              "n_layers": 2, "pad_token_id": end, "precision": "amp_bf16", "residual_dropout": 0.0, "rms_norm_eps": 1e-05,
              "rope": True, "rope_full_precision": True, "rope_theta": 500000.0, "scale_logits": False,
              "torch_dtype": dtype, "use_cache": False, "vocab_size": ROWS, "weight_tying": tied}
    outer = configuration.LLaDAConfig(**config)
    inner = modeling.create_model_config_from_pretrained_config(outer)
    inner.init_device = "cpu"
    network = randomise(modeling.LLaDAModelLM(outer, modeling.LLaDAModel(inner, init_params=False)), seed)
    if dtype == "bfloat16":
        network = network.to(torch.bfloat16).float()
    expected = expectations(lambda x, kept: network(x, attention_mask=kept).logits, mask, end)
    choosing = Choosing(network, mask, len(LETTERS) + len(LLADA_TOKENS))
    prompt = torch.tensor([[3, 1, 4]])
    own, fast = generator("LLaDA/generate.py"), generator("Fast-dLLM/llada/generate.py")
    rules = {"low_confidence": own.generate(choosing, prompt, None, 12, 12, 12, 0.0, 0.0, "low_confidence", mask),
             "few_steps": own.generate(choosing, prompt, None, 5, 12, 12, 0.0, 0.0, "low_confidence", mask),
             "blocks": own.generate(choosing, prompt, None, 6, 12, 4, 0.0, 0.0, "low_confidence", mask)}
    for tau in (0.3, 0.6):
        rules[f"threshold_{tau}"] = fast.generate(choosing, prompt, 12, 12, 12, 0.0, "low_confidence", mask, tau)[0]
        rules[f"block_threshold_{tau}"] = fast.generate(choosing, prompt, 12, 12, 4, 0.0, "low_confidence", mask, tau)[0]
    expected |= rules | {rule + ".prompt": prompt for rule in rules}
    save(name, config, network, expected, LLADA_TOKENS)


def dream(name, seed):
    modeling, configuration = models("dream")
    mask, end = id_of(DREAM_TOKENS, "<|mask|>"), id_of(DREAM_TOKENS, "<|endoftext|>")
    config = {"architectures": ["DreamModel"], "attention_dropout": 0.0, "bos_token_id": end, "eos_token_id": end,
              "hidden_act": "silu", "hidden_size": 32, "initializer_range": 0.02, "intermediate_size": 48,
              "mask_token_id": mask, "max_position_embeddings": 64, "max_window_layers": 2, "model_type": "Dream",
              "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 2, "pad_token_id": end,
              "rms_norm_eps": 1e-06, "rope_scaling": None, "rope_theta": 1000000.0, "sliding_window": None,
              "tie_word_embeddings": False, "torch_dtype": "float32", "use_cache": False, "use_sliding_window": False,
              "vocab_size": ROWS}
    network = randomise(modeling.DreamModel(configuration.DreamConfig(**config)), seed)

    def shifted(logits):
        return torch.cat([logits[:, :1], logits[:, :-1]], dim=1)  # generation_utils.py, _sample

    def answer(x, kept):
        if kept is None:
            return shifted(network(x).logits)
        positions = (kept.long().cumsum(-1) - 1).masked_fill(kept == 0, 1)
        pairs = torch.logical_and(kept.bool()[:, None, None, :], kept.bool()[:, None, :, None])
        return shifted(network(x, pairs, positions).logits)

    expected = expectations(answer, mask, end)

    def choosing(step, x, logits):
        logits = logits.clone()
        logits[..., mask] = -torch.inf
        logits[..., len(LETTERS) + len(DREAM_TOKENS):] = -torch.inf
        return logits

    prompt = torch.tensor([[3, 1, 4]])
    for rule in ("maskgit_plus", "topk_margin", "entropy"):
        how = modeling.DreamGenerationConfig(max_length=15, steps=5, temperature=0.0, alg=rule, alg_temp=0.0, return_dict=False,
                                             mask_token_id=mask, pad_token_id=end, bos_token_id=end, eos_token_id=end)
        made = network.diffusion_generate(prompt, how, generation_logits_hook_func=choosing)
        expected |= {rule: made if isinstance(made, torch.Tensor) else made.sequences, rule + ".prompt": prompt}
    save(name, config, network, expected, DREAM_TOKENS, shards=2)


if __name__ == "__main__":
    torch.set_num_threads(1)
    llada("llada", 21, "bfloat16", 4, False, False, 64)
    llada("llada-grouped", 22, "float32", 2, True, True, 192)
    dream("dream", 23)
