using System.CommandLine;
using Rlhf.Benchmarks;
using Rlhf.Benchmarks.Control;
using Rlhf.Benchmarks.Environments;
using Rlhf.Benchmarks.Networks;

var root = new RootCommand("Measures this build beside what a user would run instead, and the labeling page under load.")
{
    KernelsCommand.Create(),
    EnvironmentsCommand.Create(),
    NetworksCommand.Create(),
    EnvironmentsCommand.CreateControl(),
    ControlGatesCommand.Create(),
    LabelingCommand.Create(),
};
return await root.Parse(args).InvokeAsync().ConfigureAwait(false);
