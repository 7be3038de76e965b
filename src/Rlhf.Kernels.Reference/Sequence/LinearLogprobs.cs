using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Sequence;

/// <summary>A language-model head in double, with the whole [N, V] matrix: what <see cref="LinearHead{T}"/> describes.</summary>
public sealed class LinearLogprobs(double[] hidden, double[] weight, double[]? bias, int rows, int vocab)
{
    private readonly int _hiddenSize = rows == 0 ? 0 : hidden.Length / rows;

    /// <summary>The raw logits of one row.</summary>
    public double[] Logits(int row)
    {
        double[] logits = new double[vocab];
        for (int v = 0; v < vocab; v++)
        {
            logits[v] = bias is null ? 0 : bias[v];
            for (int h = 0; h < _hiddenSize; h++)
            {
                logits[v] += hidden[(row * _hiddenSize) + h] * weight[(v * _hiddenSize) + h];
            }
        }

        return logits;
    }

    /// <summary>Log-prob and entropy of each row; 0 where the mask leaves it out.</summary>
    public (double[] Logprobs, double[] Entropy) Forward(int[] targets, bool[]? mask, LogitTransform transform)
    {
        double[] logprobs = new double[rows], entropy = new double[rows];
        for (int row = 0; row < rows; row++)
        {
            if (mask is null || mask[row])
            {
                (logprobs[row], entropy[row]) = TokenLogprobs.Forward(Logits(row), targets[row], transform);
            }
        }

        return (logprobs, entropy);
    }

    /// <summary>Gradients of hidden states, weight and bias for upstream gradients of log-probs and entropies.</summary>
    public (double[] Hidden, double[] Weight, double[] Bias) Backward(
        int[] targets, bool[]? mask, LogitTransform transform, double[] gradLogprobs, double[] gradEntropy)
    {
        double[] gradHidden = new double[hidden.Length], gradWeight = new double[weight.Length], gradBias = new double[vocab];
        for (int row = 0; row < rows; row++)
        {
            if (mask is not null && !mask[row])
            {
                continue;
            }

            double[] grad = TokenLogprobs.Backward(Logits(row), targets[row], transform, gradLogprobs[row], gradEntropy[row]);
            for (int v = 0; v < vocab; v++)
            {
                gradBias[v] += grad[v];
                for (int h = 0; h < _hiddenSize; h++)
                {
                    gradHidden[(row * _hiddenSize) + h] += grad[v] * weight[(v * _hiddenSize) + h];
                    gradWeight[(v * _hiddenSize) + h] += grad[v] * hidden[(row * _hiddenSize) + h];
                }
            }
        }

        return (gradHidden, gradWeight, gradBias);
    }
}
