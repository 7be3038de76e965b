using System.CommandLine;
using Rlhf.Cli.Verbs.Control;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf control</c>: policies for environments, on the true reward.</summary>
internal static class ControlVerb
{
    public static Command Create() => new("control", "Train a policy in an environment on its true reward, or evaluate one")
    {
        TrainControl.Create(),
        EvaluateControl.Create(),
    };
}
