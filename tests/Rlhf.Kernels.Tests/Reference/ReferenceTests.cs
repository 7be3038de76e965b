using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Reference.Policy;
using Rlhf.Kernels.Reference.Sampling;
using Rlhf.Kernels.Reference.Sequence;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Tests.Reference;

/// <summary>The oracle against numbers by hand and central differences: everything else is measured by it.</summary>
public sealed class ReferenceTests
{
    private static readonly NamedTransform[] Transforms =
    [
        new(default),
        new(new LogitTransform { Temperature = 0.7f, LogitScale = 0.5f }),
        new(new LogitTransform { Temperature = 1.3f, SoftCap = 3f }),
    ];

    [Test]
    public void TokenLogprobs_OfThreeLogits_ByHand()
    {
        // Softmax of (ln 1, ln 2, ln 5) is (1, 2, 5) / 8.
        double[] logits = [0, Math.Log(2), Math.Log(5)];
        var (logprob, entropy) = TokenLogprobs.Forward(logits, 1, default);
        Assert.Multiple(() =>
        {
            Assert.That(logprob, Is.EqualTo(Math.Log(0.25)).Within(1e-15));
            Assert.That(entropy, Is.EqualTo((Math.Log(8) / 8) + (Math.Log(4) / 4) + (5 * Math.Log(1.6) / 8)).Within(1e-15));
            Assert.That(TokenLogprobs.Backward(logits, 1, default, 2, 0), Is.EqualTo([-0.25, 1.5, -1.25]).Within(1e-15));
        });
    }

    [Test]
    public void TokenLogprobs_Transform_IsScaleThenCapThenTemperature() =>
        Assert.That(
            TokenLogprobs.Transform([4, double.NegativeInfinity], new LogitTransform { LogitScale = 0.5f, SoftCap = 4f, Temperature = 2f }),
            Is.EqualTo([2 * Math.Tanh(0.5), double.NegativeInfinity]).Within(1e-15));

    [TestCaseSource(nameof(Transforms))]
    public void TokenLogprobs_Gradient_IsTheDifferenceQuotient(NamedTransform transform)
    {
        double[] logits = Data.Doubles(Data.Normal(1, 9, 2));
        double[] grad = TokenLogprobs.Backward(logits, 4, transform.Value, 1.5, -0.7);
        AssertDifferences(logits, grad, x =>
        {
            var (logprob, entropy) = TokenLogprobs.Forward(x, 4, transform.Value);
            return (1.5 * logprob) - (0.7 * entropy);
        });
    }

    [Test]
    public void LinearLogprobs_Gradients_AreTheDifferenceQuotients()
    {
        const int N = 3, H = 4, V = 5;
        double[] hidden = Data.Doubles(Data.Normal(1, N * H)), weight = Data.Doubles(Data.Normal(2, V * H)), bias = Data.Doubles(Data.Normal(3, V));
        double[] g = [1, -2, 0.5], gh = [0.3, 0, -1];
        int[] targets = [1, 0, 4];
        bool[] mask = [true, false, true];
        double Loss(double[] h, double[] w, double[] b)
        {
            var (lp, entropy) = new LinearLogprobs(h, w, b, N, V).Forward(targets, mask, default);
            return Enumerable.Range(0, N).Sum(i => (g[i] * lp[i]) + (gh[i] * entropy[i]));
        }

        var (gradHidden, gradWeight, gradBias) = new LinearLogprobs(hidden, weight, bias, N, V).Backward(targets, mask, default, g, gh);
        AssertDifferences(hidden, gradHidden, x => Loss(x, weight, bias));
        AssertDifferences(weight, gradWeight, x => Loss(hidden, x, bias));
        AssertDifferences(bias, gradBias, x => Loss(hidden, weight, x));
        Assert.That(gradHidden[H..(2 * H)], Is.All.Zero, "the masked row");
    }

    [Test]
    public void PpoFromLogits_Gradient_IsTheDifferenceQuotient()
    {
        const int N = 6, V = 4;
        double[] logits = Data.Doubles(Data.Normal(1, N * V)), old = Data.Doubles(Data.Normal(2, N, 0.3, -1.4)), advantages = Data.Doubles(Data.Normal(3, N));
        double[] weights = [1, 2, 0.5, 1, 1, 1];
        int[] targets = Data.Integers(4, N, V);
        bool[] mask = [true, true, false, true, true, true];
        (PpoClipStats Stats, double[] G, double[] H) Run(double[] x) =>
            PpoFromLogits.Compute(i => x[(i * V)..((i + 1) * V)], targets, old, advantages, mask, weights, default, default, 0.1, 5);

        var (_, g, gh) = Run(logits);
        double[] grad = [.. Enumerable.Range(0, N).SelectMany(i => TokenLogprobs.Backward(logits.AsSpan(i * V, V), targets[i], default, g[i], gh[i]))];
        AssertDifferences(logits, grad, x => Run(x).Stats.Loss);
    }

    [Test]
    public void Categorical_KeepsAndDraws_ByHand()
    {
        double[] logits = [Math.Log(1), Math.Log(4), Math.Log(3), Math.Log(2)];
        Assert.Multiple(() =>
        {
            Assert.That(Categorical.Kept(logits, default, 2, 1), Is.EqualTo([false, true, true, false]));
            Assert.That(Categorical.Kept(logits, default, 0, 0.71), Is.EqualTo([false, true, true, true]));
            Assert.That(Categorical.Kept(logits, default, 3, 0.4), Is.EqualTo([false, true, false, false]));
            Assert.That(Categorical.Draw(logits, default, false, 0, 1, false, 0.49).Token, Is.EqualTo(1));
            Assert.That(Categorical.Draw(logits, default, false, 0, 1, false, 0.51).Token, Is.EqualTo(2));
            Assert.That(Categorical.Draw(logits, default, true, 0, 1, false, 0.99).Token, Is.EqualTo(1));
            var (token, logprob, _) = Categorical.Draw(logits, default, false, 2, 1, true, 0.9);
            Assert.That(token, Is.EqualTo(2));
            Assert.That(logprob, Is.EqualTo(Math.Log(3.0 / 7)).Within(1e-12));
        });
    }

    private static void AssertDifferences(double[] at, double[] grad, Func<double[], double> function)
    {
        const double Step = 1e-5;
        for (int i = 0; i < at.Length; i++)
        {
            double[] up = [.. at], down = [.. at];
            up[i] += Step;
            down[i] -= Step;
            Assert.That(grad[i], Is.EqualTo((function(up) - function(down)) / (2 * Step)).Within(1e-7), $"entry {i}");
        }
    }

    /// <summary>A transform with a name that test runners can print.</summary>
    public sealed record NamedTransform(LogitTransform Value)
    {
        /// <inheritdoc/>
        public override string ToString() => $"T={Value.Temperature} scale={Value.LogitScale} cap={Value.SoftCap}";
    }
}
