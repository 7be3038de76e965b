using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Models.Generation;
using Rlhf.Training.Data;

namespace Rlhf.Cli.Demo;

/// <summary>Continues openings with a policy at temperature 1: always the full length, as no address ends within a sentence.</summary>
internal sealed class ContinuationSampler(LanguageModel policy, IKernels kernels, TextEncoder encoder, int length) : IDisposable
{
    private const int BatchSize = 256;
    private readonly Generator _generator = new(policy, BatchSize);
    private readonly TokenBatchBuffer _batch = new();

    /// <summary>One continuation of each opening, with the log-probs of its tokens. The same seed gives an opening the same random numbers under any policy.</summary>
    public IReadOnlyList<(TokenText Text, float[] Logprobs)> Continue(IReadOnlyList<TokenText> openings, ulong seed)
    {
        var continuations = new List<(TokenText, float[])>(openings.Count);
        var sampler = new CategoricalSampler(kernels, seed);
        foreach (TokenText[] chunk in openings.Chunk(BatchSize))
        {
            _batch.Fill(Array.ConvertAll(chunk, opening => (ReadOnlyMemory<int>)opening.Ids), PaddingSide.Left);
            GenerationResult drawn = _generator.Generate(
                _batch.Tokens, sampler, new GenerationOptions { MaxNewTokens = length, FirstSequence = continuations.Count });
            for (int i = 0; i < chunk.Length; i++)
            {
                int[] ids = drawn.Sequence(i).ToArray();
                continuations.Add((new TokenText(encoder.Decode(ids), ids), drawn.SequenceLogprobs(i).ToArray()));
            }
        }

        return continuations;
    }

    public void Dispose()
    {
        _generator.Dispose();
        _batch.Dispose();
    }
}
