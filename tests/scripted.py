"""Let a tiny model write what a test says, token by token, through all that generation runs through."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch

from tasks.harness.scorer import SharedContextLM

Script = Callable[[str, int], str]  # prompt, and how often it was asked before, to the text that is written


class Scripted(SharedContextLM):
    """Write a script's text where the model would generate; what has no end-of-text token counts as cut."""

    def __init__(self, *args: Any, script: Script = lambda prompt, times: "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.script = script
        self.asked: Counter[str] = Counter()
        self.model.generate = self._write

    def _write(
        self, input_ids: torch.Tensor, max_length: int, stopping_criteria: Any, pad_token_id: int, **_: Any
    ) -> torch.Tensor:
        texts = [self._next(self.tokenizer.decode(row)) for row in input_ids]
        written = [self.tokenizer.encode(text, add_special_tokens=False) for text in texts]
        for step in range(max_length - input_ids.shape[1]):
            column = [row[step] if step < len(row) else pad_token_id for row in written]
            input_ids = torch.cat([input_ids, torch.tensor(column)[:, None]], dim=1)
            if stopping_criteria(input_ids, None).all() or step >= max(map(len, written)) - 1:
                break
        return input_ids

    def _next(self, prompt: str) -> str:
        prompt = prompt.replace(self.tokenizer.pad_token, "")
        self.asked[prompt] += 1
        return self.script(prompt, self.asked[prompt] - 1)
