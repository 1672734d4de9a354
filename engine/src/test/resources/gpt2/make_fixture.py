"""Makes the fixture of Gpt2FolderTest: a tiny GPT-2 with random weights, and what it says.

    python make_fixture.py OUT_DIRECTORY

The reference implementation is GPT2LMHeadModel of Hugging Face transformers. The committed files were made with
torch 2.7.1, transformers 4.52.4, tokenizers 0.21.4, safetensors 0.8.0, in float32 on a CPU.

  config.json, model.safetensors   as save_pretrained writes them
  tokenizer.json                   byte-level BPE over printable ASCII, trained on the sentence below
  expected.safetensors             ids.K [n_K] and logits.K [n_K, vocabulary] of some sequences of several lengths,
                                   computed in one right-padded batch with an attention mask
"""

import sys

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel

out = sys.argv[1]
text = "the cat sat on the mat and the dog sat on the log"

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
printable = "".join(chr(c) for c in range(33, 127)) + "\u0120\u010a"  # and what stands for space and newline
tokenizer.train_from_iterator(
    [text],
    trainers.BpeTrainer(vocab_size=101, initial_alphabet=list(printable), special_tokens=["<|endoftext|>"]),
)
tokenizer.save(out + "/tokenizer.json", pretty=False)

torch.manual_seed(5)
config = GPT2Config(
    vocab_size=tokenizer.get_vocab_size(),
    n_positions=64,
    n_embd=32,
    n_layer=2,
    n_head=4,
    bos_token_id=0,
    eos_token_id=0,
)
model = GPT2LMHeadModel(config).eval()
with torch.no_grad():
    for name, weight in model.named_parameters():
        scale = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
        weight.copy_(scale + 0.2 * torch.randn_like(weight))
model.save_pretrained(out, safe_serialization=True)

lengths = [1, 2, 9, 33, 64]
ids = [torch.randint(0, config.vocab_size, [n]) for n in lengths]
for k in (1, 3, 4):
    ids[k][0] = config.bos_token_id
padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=1)
mask = torch.arange(max(lengths)).unsqueeze(0) < torch.tensor(lengths).unsqueeze(1)
with torch.no_grad():
    logits = model(padded, attention_mask=mask.long()).logits
expected = {}
for k, n in enumerate(lengths):
    expected["ids.%d" % k] = ids[k].contiguous()
    expected["logits.%d" % k] = logits[k, :n].contiguous()
save_file(expected, out + "/expected.safetensors")
print("vocabulary", config.vocab_size, "logits from", float(logits.min()), "to", float(logits.max()))
