using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Fixtures.Families;

/// <summary>The arguments that shape logits before the softmax.</summary>
internal static class LogitTransforms
{
    public static LogitTransform Read(CaseArguments arguments) => new()
    {
        Temperature = (float)(arguments.OptionalNumber("temperature") ?? 1),
        LogitScale = (float)(arguments.OptionalNumber("logit_scale") ?? 1),
        SoftCap = (float)(arguments.OptionalNumber("final_logit_softcapping") ?? 0),
    };
}
