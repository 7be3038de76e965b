namespace Rlhf.Kernels.Cuda.Tests.Sequence;

/// <summary>What LinearPpo writes.</summary>
internal sealed record HeadResult(float[] Logprobs, float[] Stats, float[] Hidden, float[] Weight, float[] Bias);
