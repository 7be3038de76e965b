using System.CommandLine;
using Rlhf.Benchmarks;
using Rlhf.Benchmarks.Environments;

var root = new RootCommand("Measures this build beside what a user would run instead.")
{
    KernelsCommand.Create(),
    EnvironmentsCommand.Create(),
};
return root.Parse(args).Invoke();
