using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Reference.Policy;
using Rlhf.Kernels.Reference.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Tests;

/// <summary>The example of the top-level README, compiled, run and compared with its text.</summary>
public sealed class ReadmeExampleTests
{
    private const int Tokens = 6, Vocab = 101;

    private static readonly float[] ModelOutput = Data.Normal(1, Tokens * Vocab, 2);
    private static readonly int[] Sampled = Data.Integers(2, Tokens, Vocab);
    private static readonly float[] Old = Data.Normal(3, Tokens, 0.5, mean: -5);
    private static readonly float[] Advantage = Data.Normal(4, Tokens);

    [Test]
    public void Example_GivesTheReferenceLossAndGradient()
    {
        (PpoClipStats stats, float[] grad) = Example(Tokens, Vocab, ModelOutput, Sampled, Old, Advantage);

        double[] logprobs = [.. Enumerable.Range(0, Tokens).Select(row => TokenLogprobs.Forward(Row(row), Sampled[row], default).Logprob)];
        var (expected, slopes) = PpoClipLoss.Compute(logprobs, Data.Doubles(Old), Data.Doubles(Advantage), null, null, Tokens, default, Tokens);
        double[] expectedGrad = [.. Enumerable.Range(0, Tokens).SelectMany(
            row => TokenLogprobs.Backward(Row(row), Sampled[row], default, slopes[row], 0))];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stats.Loss, Is.EqualTo(expected.Loss).Within(1e-5 * (1 + Math.Abs(expected.Loss))));
            Assert.That(stats.ClipFraction, Is.EqualTo(expected.ClipFraction).Within(1e-6));
            Assert.That(Data.Doubles(grad), Is.EqualTo(expectedGrad).Within(1e-5 * (1 + expectedGrad.Max(Math.Abs))));
        }
    }

    [Test]
    public void Example_IsTheTextOfTheReadme()
    {
        string[] readme = File.ReadAllLines(Path.Combine(RepositoryRoot(), "README.md"));
        string[] source = File.ReadAllLines(Path.Combine(RepositoryRoot(), "tests", "Rlhf.Kernels.Tests", "ReadmeExampleTests.cs"));

        string[] text = Between(readme, "```csharp", "```");
        string[] compiled = [.. Between(source, "        // README", "        // end").Select(line => line.Length > 8 ? line[8..] : line)];

        Assert.That(text, Is.Not.Empty);
        Assert.That(text.SkipWhile(line => line.StartsWith("using Rlhf.", StringComparison.Ordinal) || line.Length == 0), Is.EqualTo(compiled));
    }

    private static (PpoClipStats Stats, float[] Grad) Example(
        int tokens, int vocab, float[] modelOutput, int[] sampled, float[] old, float[] advantage)
    {
        // README
        using var kernels = new CpuKernels(threads: 2);

        // Native memory, aligned, taken once. A View over any pointer works as well, e.g. over a tensor of libtorch.
        using var logits = new HostBuffer<float>(modelOutput);
        using var targets = new HostBuffer<int>(sampled);
        using var oldLogprobs = new HostBuffer<float>(old);
        using var advantages = new HostBuffer<float>(advantage);
        using var logprobs = new HostBuffer<float>(tokens);
        using var stats = new HostBuffer<float>(PpoClipStats.Length);

        // One visit of each row: log-prob, clipped loss, and d loss / d logits, here in place. Nothing is allocated.
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = logits.View(tokens, vocab),
            Targets = targets.View(tokens),
            OldLogprobs = oldLogprobs.View(tokens),
            Advantages = advantages.View(tokens),
            Options = new PpoClipOptions { ClipLow = 0.2f, ClipHigh = 0.2f },
            Normalizer = tokens,
            Logprobs = logprobs.View(tokens),
            GradLogits = logits.View(tokens, vocab),
            Stats = stats.View(PpoClipStats.Length),
        });

        PpoClipStats result = PpoClipStats.Read(stats.View(PpoClipStats.Length));
        Console.WriteLine($"loss {result.Loss:F4}, clipped {result.ClipFraction:P0}, gradient at logits.Span");
        // end
        return (result, logits.Span.ToArray());
    }

    private static double[] Row(int row) => Data.Doubles(ModelOutput.AsSpan(row * Vocab, Vocab));

    private static string[] Between(string[] lines, string begin, string end) =>
        [.. lines.SkipWhile(line => line != begin).Skip(1).TakeWhile(line => line != end)];

    private static string RepositoryRoot()
    {
        string folder = TestContext.CurrentContext.TestDirectory;
        while (!File.Exists(Path.Combine(folder, "Rlhf.Native.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Rlhf.Native.sln stands above no folder of the test");
        }

        return folder;
    }
}
