using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.Models;
using Rlhf.Training.Data;

namespace Rlhf.Training.Sft;

/// <summary>
/// The language-model loss <c>−Σ log p(token) / normaliser</c> of a batch and its gradients, through the fused head: logits exist only in
/// the workspace, a chunk of rows at a time. Also the pretraining term of PPO-ptx.
/// </summary>
public sealed class LanguageModelLoss : IDisposable
{
    private readonly LanguageModel _model;
    private readonly IKernels _kernels;
    private readonly TokenBatchBuffer _batch = new();
    private readonly HostBuffer<byte> _workspace;
    private readonly HostBuffer<float> _upstream = new(1);
    private HostBuffer<int> _rows = new(0), _targets = new(0);
    private HostBuffer<float> _logprobs = new(0), _entropy = new(0), _gradHidden = new(0);

    /// <summary>A loss over a model's parameters; its gradients are added to the model's.</summary>
    /// <param name="model">The model; stays the caller's.</param>
    /// <param name="kernels">Backend.</param>
    /// <param name="workspaceBytes">Scratch for logits.</param>
    public LanguageModelLoss(LanguageModel model, IKernels kernels, long workspaceBytes = LinearLogprobsWorkspace.DefaultBytes)
    {
        _model = model;
        _kernels = kernels;
        ModelConfig config = model.Config;
        _workspace = new HostBuffer<byte>(Math.Max(workspaceBytes, LinearLogprobsWorkspace.Minimum(config.VocabSize, config.HiddenSize, widens: false)));
    }

    /// <summary>Loss sums of a micro-batch; adds the gradient of <c>Σ −log p / normalizer</c> to the model's.</summary>
    /// <param name="examples">The micro-batch.</param>
    /// <param name="normalizer">
    /// Counted tokens of the whole batch, so that the result does not depend on how it is split; divided by a weight where the loss has one.
    /// </param>
    /// <param name="withEntropy">Take the entropy too.</param>
    public LanguageModelSums Backward(IReadOnlyList<LanguageExample> examples, double normalizer, bool withEntropy = false)
    {
        int count = Fill(examples);
        ReadOnlyView<float> hidden = _model.Transformer.Forward(_batch.Tokens, Rows(count), keep: true);
        TokenBatchBuffer.Grow(ref _gradHidden, (long)count * hidden.Cols);
        _upstream.Span[0] = (float)(-1 / normalizer);
        View<float> gradHidden = _gradHidden.View(count, hidden.Cols);
        _kernels.LinearLogprobsBackward(new LinearLogprobsBackwardArgs<float>
        {
            Head = Head(hidden, count),
            GradLogprobs = Repeated(_upstream, count),
            Logprobs = _logprobs.View(count),
            Entropy = withEntropy ? _entropy.View(count) : default,
            Gradients = new LinearHeadGradients { Hidden = gradHidden, Weight = _model.HeadGradient, Accumulate = true },
            Workspace = Workspace,
        });
        _model.Transformer.Backward(gradHidden);
        return Sums(count, withEntropy);
    }

    /// <summary>Loss sums of a micro-batch without gradients.</summary>
    public LanguageModelSums Forward(IReadOnlyList<LanguageExample> examples)
    {
        int count = Fill(examples);
        ReadOnlyView<float> hidden = _model.Transformer.Forward(_batch.Tokens, Rows(count));
        _kernels.LinearLogprobsForward(new LinearLogprobsForwardArgs<float>
        {
            Head = Head(hidden, count),
            Logprobs = _logprobs.View(count),
            Entropy = _entropy.View(count),
            Workspace = Workspace,
        });
        return Sums(count, withEntropy: true);
    }

    /// <summary>Loss sums of a whole data set.</summary>
    public LanguageModelSums Evaluate(IReadOnlyList<LanguageExample> examples, int batchSize)
    {
        LanguageModelSums sums = default;
        foreach (LanguageExample[] batch in examples.Chunk(batchSize))
            sums += Forward(batch);
        return sums;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _batch.Dispose();
        _workspace.Dispose();
        _upstream.Dispose();
        _rows.Dispose();
        _targets.Dispose();
        _logprobs.Dispose();
        _entropy.Dispose();
        _gradHidden.Dispose();
    }

    private unsafe View<byte> Workspace => View<byte>.Vector(_workspace.Pointer, (int)Math.Min(_workspace.Length, int.MaxValue));

    private static unsafe ReadOnlyView<float> Repeated(HostBuffer<float> value, int count) =>
        ReadOnlyView<float>.Vector(value.Pointer, count, stride: 0);

    private LinearHead<float> Head(ReadOnlyView<float> hidden, int count) =>
        new() { Hidden = hidden, Weight = _model.HeadWeight, Targets = _targets.View(count) };

    /// <summary>Without a choice of rows the hidden states come without a gather.</summary>
    private ReadOnlyView<int> Rows(int count) =>
        count == _batch.Tokens.Batch * _batch.Tokens.Length ? default : _rows.View(count);

    /// <summary>The last token of an example predicts nothing, so it is only a target.</summary>
    private int Fill(IReadOnlyList<LanguageExample> examples)
    {
        _batch.Fill([.. examples.Select(example => example.Ids[..^1])], PaddingSide.Right);
        int count = examples.Sum(example => example.TargetCount), length = _batch.Tokens.Length, next = 0;
        TokenBatchBuffer.Grow(ref _rows, count);
        TokenBatchBuffer.Grow(ref _targets, count);
        TokenBatchBuffer.Grow(ref _logprobs, count);
        TokenBatchBuffer.Grow(ref _entropy, count);
        Span<int> rows = _rows.Span, targets = _targets.Span;
        for (int b = 0; b < examples.Count; b++)
        {
            ReadOnlySpan<int> ids = examples[b].Ids.Span;
            for (int t = examples[b].FirstTarget; t < ids.Length; t++, next++)
            {
                rows[next] = (b * length) + t - 1;
                targets[next] = ids[t];
            }
        }

        return count;
    }

    private LanguageModelSums Sums(int count, bool withEntropy)
    {
        double loss = 0, entropy = 0;
        foreach (float logprob in _logprobs.Span[..count])
            loss -= logprob;
        if (withEntropy)
        {
            foreach (float value in _entropy.Span[..count])
                entropy += value;
        }

        return new LanguageModelSums(loss, entropy, count, _batch.TokenCount);
    }
}
