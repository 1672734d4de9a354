"""Makes the fixture chatml: a tokenizer of single characters and Qwen2.5's marks, and in chat.safetensors MESSAGE as
transformers writes it by Qwen2.5's chat templates.

The templates are not here: give their texts, the `chat_template` of tokenizer_config.json of Qwen/Qwen2.5-0.5B and of
Qwen/Qwen2.5-0.5B-Instruct, as two files.

  pip install torch==2.7.1 transformers==4.52.4 safetensors
  python make_chat_fixture.py BASE INSTRUCT FOLDER_OF_THE_FIXTURES
"""

import hashlib
import json
import pathlib
import sys

import safetensors.torch
import torch
import transformers

MESSAGE = " tell me.\nplease "
SHA256 = {"base": "44d5f08f3f72b837eaad09f13a54c1f9f4eb58d75240334548b7fd52a5437fa5",
          "instruct": "cd8e9439f0570856fd70470bf8889ebd8b5d1107207f67a5efb46e342330527f"}

MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|mask|>"]

folder = pathlib.Path(sys.argv[3]) / "chatml"
folder.mkdir(exist_ok=True)
vocab = {c: i for i, c in enumerate("\n" + "".join(map(chr, range(32, 127))))}
model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
         "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": []}
added = [{"id": len(vocab) + i, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
          "normalized": False, "special": True} for i, name in enumerate(MARKS)]
(folder / "tokenizer.json").write_text(json.dumps(
    {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
     "pre_tokenizer": None, "post_processor": None, "decoder": {"type": "Fuse"}, "model": model}))
written = {}
for name, file in zip(SHA256, sys.argv[1:3]):
    text = pathlib.Path(file).read_text()
    assert hashlib.sha256(text.encode()).hexdigest() == SHA256[name], name
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), chat_template=text)
    messages = [{"role": "user", "content": MESSAGE}]
    print(fast.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))
    written[name] = torch.tensor([fast.apply_chat_template(messages, add_generation_prompt=True)])
safetensors.torch.save_file(written, folder / "chat.safetensors")
