using Rlhf.Kernels.Reference.Sequence;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Sampling;

/// <summary>One draw in double, by sorting: what <see cref="CategoricalArgs{T}"/> describes.</summary>
public static class Categorical
{
    /// <summary>Which tokens top-k and then top-p keep.</summary>
    public static bool[] Kept(ReadOnlySpan<double> logits, LogitTransform transform, int topK, double topP)
    {
        double[] logp = TokenLogprobs.LogSoftmax(TokenLogprobs.Transform(logits, transform));
        double[] sorted = [.. logp.OrderDescending()];
        double border = topK > 0 && topK < logp.Length ? sorted[topK - 1] : double.NegativeInfinity;
        if (topP < 1)
        {
            double all = sorted.Where(value => value >= border).Sum(Math.Exp), mass = 0;
            foreach (double value in sorted)
            {
                mass += Math.Exp(value);
                if (mass >= topP * all)
                {
                    border = Math.Max(border, value);
                    break;
                }
            }
        }

        return [.. logp.Select(value => value >= border)];
    }

    /// <summary>The token that a uniform number selects (greedy: none needed), its log-prob, and the entropy of the full row.</summary>
    public static (int Token, double Logprob, double Entropy) Draw(
        ReadOnlySpan<double> logits, LogitTransform transform, bool greedy, int topK, double topP, bool truncatedLogprobs, double uniform)
    {
        double[] logp = TokenLogprobs.LogSoftmax(TokenLogprobs.Transform(logits, transform));
        bool[] kept = Kept(logits, transform, topK, topP);
        double total = 0, cumulative = 0;
        for (int j = 0; j < logp.Length; j++)
        {
            total += kept[j] ? Math.Exp(logp[j]) : 0;
        }

        int token = Array.IndexOf(logp, logp.Max());
        for (int j = 0; j < logp.Length && !greedy; j++)
        {
            cumulative += kept[j] ? Math.Exp(logp[j]) : 0;
            if (cumulative > uniform * total)
            {
                token = j;
                break;
            }
        }

        double logprob = logp[token] - (truncatedLogprobs ? Math.Log(total) : 0);
        return (token, logprob, TokenLogprobs.Forward(logits, token, transform).Entropy);
    }
}
