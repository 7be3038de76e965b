"""What a PyTorch user would run instead of each kernel: plain eager code, forward and backward through autograd.

Each function takes the sizes of its case, makes its data once and returns a closure that does the work once.
"""

import torch

CLIP = 0.2


def _logits(rows, vocab, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, vocab, generator=generator).mul_(3.0)


def _tokens(rows, vocab):
    return torch.randint(vocab, (rows, 1), generator=torch.Generator().manual_seed(2))


def _ppo_loss(logprobs, old_logprobs, advantages):
    ratio = torch.exp(logprobs - old_logprobs)
    losses = -advantages * ratio
    clipped = -advantages * torch.clamp(ratio, 1.0 - CLIP, 1.0 + CLIP)
    return torch.max(losses, clipped).mean()


def _old(logits, tokens):
    with torch.no_grad():
        logprobs = torch.log_softmax(logits, 1).gather(1, tokens)
    noise = torch.randn(logprobs.shape, generator=torch.Generator().manual_seed(3))
    return logprobs + 0.1 * noise, noise.flip(0)


def token_logprobs(rows, vocab):
    logits, tokens = _logits(rows, vocab), _tokens(rows, vocab)

    def run():
        with torch.no_grad():
            torch.log_softmax(logits, 1).gather(1, tokens)

    return run


def _ppo_from_logits(rows, vocab, entropy):
    logits, tokens = _logits(rows, vocab), _tokens(rows, vocab)
    old_logprobs, advantages = _old(logits, tokens)
    logits.requires_grad_()

    def run():
        logits.grad = None
        logprobs = torch.log_softmax(logits, 1).gather(1, tokens)
        _ppo_loss(logprobs, old_logprobs, advantages).backward()
        if entropy:
            # TRL's form: a metric, without gradient.
            with torch.no_grad():
                p = torch.softmax(logits, 1)
                (torch.logsumexp(logits, 1) - torch.sum(p * logits, 1)).mean()

    return run


def ppo_from_logits(rows, vocab):
    return _ppo_from_logits(rows, vocab, entropy=False)


def ppo_from_logits_entropy(rows, vocab):
    return _ppo_from_logits(rows, vocab, entropy=True)


def linear_logprobs(rows, hidden, vocab):
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(rows, hidden, generator=generator)
    weight = torch.randn(vocab, hidden, generator=generator).mul_(0.05)
    tokens = _tokens(rows, vocab)
    old_logprobs, advantages = _old(states @ weight.t(), tokens)
    states.requires_grad_()
    weight.requires_grad_()

    def run():
        states.grad = weight.grad = None
        logprobs = torch.log_softmax(states @ weight.t(), 1).gather(1, tokens)
        _ppo_loss(logprobs, old_logprobs, advantages).backward()

    return run


def gae(rows, steps):
    generator = torch.Generator().manual_seed(1)
    rewards = torch.randn(rows, steps, generator=generator)
    values = torch.randn(rows, steps, generator=generator)

    def run():
        # The loop of TRL's PPOTrainer: one step of every sequence a turn.
        last, reversed_advantages = 0, []
        for t in reversed(range(steps)):
            following = values[:, t + 1] if t < steps - 1 else 0.0
            delta = rewards[:, t] + 1.0 * following - values[:, t]
            last = delta + 1.0 * 0.95 * last
            reversed_advantages.append(last)
        advantages = torch.stack(reversed_advantages[::-1], axis=1)
        return advantages + values

    return run


def whiten(rows, steps):
    values = torch.randn(rows, steps, generator=torch.Generator().manual_seed(1))
    mask = torch.rand(rows, steps, generator=torch.Generator().manual_seed(2)) < 0.8

    def run():
        count = mask.sum()
        mean = (values * mask).sum() / count
        variance = ((values - mean) ** 2 * mask).sum() / count
        variance = variance * count / (count - 1)
        return torch.masked_fill((values - mean) * torch.rsqrt(variance + 1e-8), ~mask, 0)

    return run


def pairwise_loss(pairs):
    generator = torch.Generator().manual_seed(1)
    chosen = torch.randn(pairs, generator=generator).requires_grad_()
    rejected = torch.randn(pairs, generator=generator).requires_grad_()

    def run():
        chosen.grad = rejected.grad = None
        (-torch.nn.functional.logsigmoid(chosen - rejected).mean()).backward()

    return run


def categorical(rows, vocab):
    logits = _logits(rows, vocab)

    def run():
        with torch.no_grad():
            tokens = torch.multinomial(torch.softmax(logits, 1), 1)
            torch.log_softmax(logits, 1).gather(1, tokens)

    return run


def adamw(parameters):
    weights = torch.nn.Parameter(torch.randn(parameters, generator=torch.Generator().manual_seed(1)))
    weights.grad = torch.randn(parameters, generator=torch.Generator().manual_seed(2)).mul_(1e-3)
    optimizer = torch.optim.AdamW([weights], lr=1e-5, weight_decay=0.01, foreach=True)
    return optimizer.step


def ppo_loss(tokens):
    generator = torch.Generator().manual_seed(1)
    old_logprobs = -torch.rand(tokens, generator=generator)
    advantages = torch.randn(tokens, generator=generator)
    logprobs = (old_logprobs + 0.1).requires_grad_()

    def run():
        logprobs.grad = None
        _ppo_loss(logprobs, old_logprobs, advantages).backward()

    return run


def mlp_inference(rows, inputs, hidden, outputs):
    torch.manual_seed(1)
    policy = torch.nn.Sequential(
        torch.nn.Linear(inputs, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, outputs)
    )
    observations = torch.randn(rows, inputs)

    def run():
        with torch.inference_mode():
            policy(observations)

    return run


def ensemble_fit(members, pairs, length, inputs):
    """The order of HumanCompatibleAI/imitation: each member by itself, a Python loop over the pairs of its batch, one AdamW step."""
    torch.manual_seed(1)
    nets = [
        torch.nn.Sequential(
            torch.nn.Linear(inputs, 64), torch.nn.LeakyReLU(0.01), torch.nn.Linear(64, 64), torch.nn.LeakyReLU(0.01), torch.nn.Linear(64, 1)
        )
        for _ in range(members)
    ]
    optimizers = [torch.optim.AdamW(net.parameters(), lr=1e-6, weight_decay=0.0) for net in nets]
    clips = torch.rand(members, pairs, 2, length, inputs) * 2 - 1
    labels = torch.randint(2, (members, pairs)).float()

    def run():
        for net, optimizer, data, label in zip(nets, optimizers, clips, labels):
            probabilities = torch.empty(pairs)
            for i, (first, second) in enumerate(data):
                difference = (net(second) - net(first)).sum().clamp(-50, 50)
                probabilities[i] = 0.05 + 0.9 / (1 + difference.exp())
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy(probabilities, label).backward()
            optimizer.step()

    return run
