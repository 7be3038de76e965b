using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.Models;

namespace Rlhf.Training.Ppo;

/// <summary>Log-probs of given responses under a language model: hidden states of the response positions, then the fused head. No logits are kept.</summary>
internal sealed class ResponseLogprobs(IKernels kernels, LanguageModel model, PpoConfig config) : IDisposable
{
    private readonly ResponseWindow _window = new();
    private readonly HostBuffer<byte> _workspace = PolicyHead.Workspace(model, config);
    private readonly Scratch _logprobs = new();

    /// <summary>Writes the log-probs of some rows of a rollout into <paramref name="logprobs"/> [B, T], up to each response's length.</summary>
    public void Compute(IReadOnlyList<int[]> prompts, RolloutBatch batch, ReadOnlySpan<int> rows, View<float> logprobs)
    {
        _window.Load(prompts, batch, rows, extra: 0);
        if (_window.Count == 0)
            return;

        View<float> result = _logprobs.Get(_window.Count);
        kernels.LinearLogprobsForward(new LinearLogprobsForwardArgs<float>
        {
            Head = PolicyHead.Head(model, config, model.Transformer.Forward(_window.Tokens, _window.Rows), _window.Targets),
            Logprobs = result,
            Workspace = _workspace.View(checked((int)_workspace.Length)),
        });
        _window.Scatter(result, logprobs);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _window.Dispose();
        _workspace.Dispose();
        _logprobs.Dispose();
    }
}
