using System.CommandLine;

namespace FanOut.Cli.Customers;

internal static class CustomerCommand
{
    public static Command Create(Workspace workspace) => new("customer", "Personal data of a customer.") { EraseCommand.Create(workspace) };
}
