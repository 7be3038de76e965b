using Rlhf.Kernels.Memory;

namespace Rlhf.Models.Tests.Models;

/// <summary>The language head in double and plain loops: logits, and cross-entropy with its gradients.</summary>
internal static class PlainHead
{
    internal static double[] Logits(ReadOnlyView<float> hidden, ReadOnlyView<float> weight)
    {
        double[] logits = new double[hidden.Rows * weight.Rows];
        for (int i = 0; i < hidden.Rows; i++)
        {
            for (int v = 0; v < weight.Rows; v++)
            {
                double sum = 0;
                for (int h = 0; h < hidden.Cols; h++)
                    sum += (double)hidden[i, h] * weight[v, h];
                logits[(i * weight.Rows) + v] = sum;
            }
        }

        return logits;
    }

    /// <summary>Mean cross-entropy of row i's logits against targets[i] (−100: left out); adds the weight's gradient, writes the hidden states'.</summary>
    internal static double CrossEntropy(
        ReadOnlyView<float> hidden, ReadOnlyView<float> weight, ReadOnlySpan<int> targets, View<float> gradHidden, View<float> gradWeight)
    {
        double[] logits = Logits(hidden, weight);
        double loss = 0;
        int count = 0, vocab = weight.Rows;
        foreach (int target in targets)
            count += target >= 0 ? 1 : 0;
        double[] gradients = new double[weight.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            if (targets[i] < 0)
                continue;
            Span<double> row = logits.AsSpan(i * vocab, vocab);
            double max = double.NegativeInfinity, sum = 0;
            foreach (double logit in row)
                max = Math.Max(max, logit);
            foreach (double logit in row)
                sum += Math.Exp(logit - max);
            loss -= (row[targets[i]] - max - Math.Log(sum)) / count;
            for (int h = 0; h < hidden.Cols; h++)
            {
                double grad = 0;
                for (int v = 0; v < vocab; v++)
                {
                    double slope = ((Math.Exp(row[v] - max) / sum) - (v == targets[i] ? 1 : 0)) / count;
                    grad += slope * weight[v, h];
                    gradients[(v * hidden.Cols) + h] += slope * hidden[i, h];
                }

                gradHidden[i, h] = (float)grad;
            }
        }

        for (int v = 0; v < vocab; v++)
        {
            for (int h = 0; h < hidden.Cols; h++)
                gradWeight[v, h] += (float)gradients[(v * hidden.Cols) + h];
        }

        return loss;
    }
}
