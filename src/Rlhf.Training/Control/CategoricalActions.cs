using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Control;

/// <summary>One of a few actions, with the outputs as logits: the kernels of token distributions with V = number of actions.</summary>
internal sealed class CategoricalActions(IKernels kernels) : IActionDistribution
{
    private readonly Scratch _kept = new(), _logprobs = new();
    private HostBuffer<int> _choices = new(0);
    private View<float> _probabilities;

    public ParameterBuffers? Extra => null;

    public void Sample(ReadOnlyView<float> outputs, in ActionDraw draw, View<float> actions, View<int> choices, View<float> logprobs)
    {
        kernels.Categorical(new CategoricalArgs<float>
        {
            Logits = outputs,
            Seed = draw.Seed,
            Sequences = draw.Sequences,
            Positions = draw.Steps,
            Tokens = choices,
            Logprobs = logprobs,
        });
        for (int i = 0; i < choices.Rows; i++)
            actions[i] = choices[i];
    }

    public void Mode(ReadOnlyView<float> outputs, View<float> actions)
    {
        for (int row = 0; row < outputs.Rows; row++)
        {
            int best = 0;
            for (int choice = 1; choice < outputs.Cols; choice++)
            {
                if (outputs[row, choice] > outputs[row, best])
                    best = choice;
            }

            actions[row] = best;
        }
    }

    public void Logprobs(ReadOnlyView<float> outputs, ReadOnlyView<float> actions, ReadOnlyView<int> choices, View<float> logprobs, View<float> entropy) =>
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float>
        {
            Logits = outputs,
            Targets = choices,
            Logprobs = logprobs,
            Entropy = entropy,
        });

    public void Backward(
        ReadOnlyView<float> outputs,
        ReadOnlyView<float> actions,
        ReadOnlyView<int> choices,
        ReadOnlyView<float> gradLogprobs,
        ReadOnlyView<float> gradEntropy,
        View<float> gradOutputs) => kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float>
        {
            Logits = outputs,
            Targets = choices,
            GradLogprobs = gradLogprobs,
            GradEntropy = gradEntropy,
            GradLogits = gradOutputs,
        });

    public void Keep(ReadOnlyView<float> outputs)
    {
        _probabilities = _kept.Get(outputs.Rows, outputs.Cols);
        LogSoftmax(outputs, _probabilities);
        foreach (ref float value in Vectors.Span(_probabilities))
            value = MathF.Exp(value);
    }

    public void KlFromKept(ReadOnlyView<float> outputs, View<float> kl)
    {
        View<float> logprobs = _logprobs.Get(outputs.Rows, outputs.Cols);
        LogSoftmax(outputs, logprobs);
        for (int row = 0; row < outputs.Rows; row++)
        {
            double sum = 0;
            for (int choice = 0; choice < outputs.Cols; choice++)
            {
                double p = _probabilities[row, choice];
                if (p > 0)
                    sum += p * (Math.Log(p) - logprobs[row, choice]);
            }

            kl[row] = (float)sum;
        }
    }

    public void Fisher(ReadOnlyView<float> direction, View<float> product, ReadOnlySpan<float> extraDirection, Span<float> extraProduct)
    {
        // diag(p) − p pᵀ, row by row.
        for (int row = 0; row < direction.Rows; row++)
        {
            float mean = 0;
            for (int choice = 0; choice < direction.Cols; choice++)
                mean += _probabilities[row, choice] * direction[row, choice];
            for (int choice = 0; choice < direction.Cols; choice++)
                product[row, choice] = _probabilities[row, choice] * (direction[row, choice] - mean) / direction.Rows;
        }
    }

    public void Dispose()
    {
        _kept.Dispose();
        _logprobs.Dispose();
        _choices.Dispose();
    }

    private unsafe void LogSoftmax(ReadOnlyView<float> logits, View<float> logprobs)
    {
        Scratch.Grow(ref _choices, logits.Rows);
        for (int choice = 0; choice < logits.Cols; choice++)
        {
            View<int> targets = _choices.View(logits.Rows);
            Vectors.Span(targets).Fill(choice);
            kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float>
            {
                Logits = logits,
                Targets = targets,
                Logprobs = View<float>.Vector(logprobs.Pointer + choice, logits.Rows, logprobs.Cols),
            });
        }
    }
}
